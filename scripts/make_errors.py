"""Writes the paragraphs of the page ``GET /docs/errors`` from the table of codes in docs/api.md."""

from __future__ import annotations

import html
import re
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "docs/api.md"
TARGET = ROOT / "functions/api/get_errors/errors.html"

# Code, status, meaning, and what to do.
_ROW = re.compile(r"^\| `(\w+)` \| (\d{3}) \| (.+) \| (.+) \|$", re.MULTILINE)
_NOTHING = "–"


def rows() -> list[tuple[str, str, str, str]]:
    """List the rows of the table: code, status, meaning, and what to do."""
    return _ROW.findall(SOURCE.read_text(encoding="utf-8").partition("\n## Errors\n")[2])


def text() -> str:
    """Return the content of the file: a section for each code, whose id is the code."""
    sections = (_section(code, list(entries)) for code, entries in groupby(sorted(rows()), key=lambda row: row[0]))
    return "<h1>Errors</h1>\n" + "".join(sections)


def _section(code: str, entries: list[tuple[str, str, str, str]]) -> str:
    paragraphs = (
        f"<p>{status}. {' '.join(map(_sentence, filter(_NOTHING.__ne__, texts)))}</p>\n" for _, status, *texts in entries
    )
    return f'<section id="{code}">\n<h2><code>{code}</code></h2>\n{"".join(paragraphs)}</section>\n'


def _sentence(cell: str) -> str:
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", html.escape(f"{cell[0].upper()}{cell[1:]}."))


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
    print(f"{TARGET.relative_to(ROOT)}: {len(rows())} errors")
