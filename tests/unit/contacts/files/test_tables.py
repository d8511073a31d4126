"""Files as rows, with memory that does not grow with them."""

from __future__ import annotations

import re
import tempfile
import tracemalloc

import pytest

from outreach.contacts.files import tables, workbooks

_MB = 1 << 20

# A workbook that says, where its directory begins, that version 20.0 of ZIP is needed to read it.
OF_ANOTHER_AGE = re.sub(rb"(PK\x01\x02..)..", b"\\1\xc8\x00", workbooks.of_headings(["name"]), flags=re.DOTALL)


def peak(lines: int) -> int:
    """Bytes that reading a file of so many lines takes at its height."""
    with tempfile.TemporaryFile() as file:
        for number in range(lines):
            file.write(b"%d,tom%d@example.com,a text of some length that stands for other columns\n" % (number, number))
        tracemalloc.start()
        try:
            assert sum(1 for _ in tables.rows(file)) == lines
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


def test_memory_does_not_grow_with_the_file() -> None:
    assert peak(100_000) < peak(30_000) + _MB


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'a,b\n"x,y\nz\n', "never closed"),
        (b"a,b\n" + b"x" * 200_000, "field larger"),
        (b"a,b\n" + b"x," * 600_000, "row of more than 1,000,000 characters"),
        (b"a,b\n" + b'"x\n",' * 300_000, "row of more than 1,000,000 characters"),
        (b"a,b\n\xff\xfe\x81", "neither"),
        (b"\xef\xbb\xbfa,b\nx\xff,y\n", "utf-8"),
        (b"PK\x03\x04 and nothing else", "no workbook"),
        (OF_ANOTHER_AGE, "no workbook"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(content: bytes, message: str) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        with pytest.raises(ValueError, match=message):
            list(tables.rows(file))
