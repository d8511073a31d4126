"""Reads the rows of an import file, XLSX or CSV. The content decides the format, not the file name (docs/api.md, "Import")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO

from outreach.imports import csv_reader
from outreach.imports.file_format import FileFormat, ImportFile, UnreadableFile
from outreach.imports.import_warnings import Warnings
from outreach.imports.xlsx_package import OLD_OR_PROTECTED

_ZIP = b"PK\x03\x04"
_COMPOUND_FILE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

# Other kinds of files that people upload as tables, by their first bytes in lower case.
_OTHER_FORMATS = {
    b"%pdf-": "a PDF file",
    b"\x1f\x8b": "a compressed file (.gz)",
    b"{\\rtf": "a text document (.rtf)",
    b"<?xml": "an XML file",
    b"<!doctype": "a web page",
    b"<html": "a web page",
    b"<table": "a web page",
}
_SIGNATURE_BYTES = 16


def open_file(file: IO[bytes], warnings: Warnings, encodings: Sequence[str] = ()) -> ImportFile:
    """Open a file. Memory does not grow with the file.

    Args:
        file: must be seekable.
        warnings: receives what the reader notices while the rows are iterated.
        encodings: the encodings that the client has named for text, the most reliable first; blank ones do not count.

    Raises:
        UnreadableFile: the file cannot be read.
    """
    file.seek(0)
    begin = file.read(_SIGNATURE_BYTES)
    if begin.startswith(_ZIP):
        # Importing openpyxl takes half as long as all other imports together, and most files are CSV.
        from outreach.imports import xlsx_reader

        return ImportFile(FileFormat(), xlsx_reader.rows(file, warnings))
    _require_text(begin)
    return csv_reader.open_csv(file, warnings, encodings)


def _require_text(begin: bytes) -> None:
    if begin.startswith(_COMPOUND_FILE):
        raise UnreadableFile(OLD_OR_PROTECTED)
    text = begin.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for signature, name in _OTHER_FORMATS.items():
        if text.startswith(signature):
            raise UnreadableFile(f"is {name}; save it as .xlsx or CSV")
