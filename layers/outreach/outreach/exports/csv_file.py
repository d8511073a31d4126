"""CSV files that clients download: UTF-8 with a byte order mark, RFC 4180, guarded against formulas."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from tempfile import TemporaryFile

from outreach import s3
from outreach.imports import cells

CONTENT_TYPE = "text/csv; charset=utf-8"


def upload(key: str, disposition: str, headings: Iterable[str], rows: Iterable[Iterable[str]]) -> int:
    """Write a CSV file to the files bucket; return the number of rows. Memory does not grow with that number.

    Args:
        disposition: the ``Content-Disposition`` of the file (RFC 6266).
    """
    count = 0
    with TemporaryFile() as file:
        text = io.TextIOWrapper(file, "utf-8-sig", newline="", write_through=True)
        writer = csv.writer(text)
        writer.writerow(map(cells.guard, headings))
        for row in rows:
            writer.writerow(map(cells.guard, row))
            count += 1
        text.flush()
        file.seek(0)
        s3.files().upload(key, file, CONTENT_TYPE, disposition)
    return count
