"""How an import file is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


class UnreadableFile(ValueError):
    """A file cannot be read; the message continues the words "the file …"."""


@dataclass(frozen=True)
class FileFormat:
    """The format of a text file; both attributes are empty for a workbook.

    Attributes:
        encoding: the name of the character encoding, such as ``utf-8`` or ``windows-1251``.
        delimiter: the character between the cells of a row.
    """

    encoding: str = ""
    delimiter: str = ""


@dataclass(frozen=True)
class ImportFile:
    """An opened file.

    Attributes:
        format: how the file is read.
        rows: all rows, blank ones too, so that they can be numbered as in a spreadsheet. Iterating raises
            :class:`UnreadableFile`, also after some rows.
    """

    format: FileFormat
    rows: Iterator[list[str]]
