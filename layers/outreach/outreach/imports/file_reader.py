"""Reads the rows of an import file, XLSX or CSV. The content decides the format, not the file name (docs/api.md, "Import")."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import IO

from outreach.imports import csv_reader
from outreach.imports.file_format import FileFormat, ImportFile, UnreadableFile
from outreach.imports.import_warnings import Warnings
from outreach.imports.xlsx_package import OLD_OR_PROTECTED

_ZIP = b"PK\x03\x04"
_COMPOUND_FILE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_SAVE = "save it as .xlsx or CSV"
_UNPACK = "unpack it, and import the file in it"
_EXPORT_CARDS = "open it in an address book, and export the contacts as CSV"
_OPEN = f"import the file itself, or open it in a spreadsheet program, and {_SAVE}"
_GIVE_FILE = "import the file itself, as .xlsx or CSV"
# Other kinds of files that people upload as tables, by how they begin, in lower case.
_OTHER_FORMATS = {
    rb"%pdf-": f"a PDF file; {_SAVE}",
    rb"\x1f\x8b": f"a compressed file (.gz); {_UNPACK}",
    rb"pk\x05\x06": "an empty ZIP archive",
    rb"\x89png|\xff\xd8\xff|gif8": f"a picture; {_GIVE_FILE}",
    rb"{\\rtf": f"a text document (.rtf); {_SAVE}",
    rb"<\?xml": f"an XML file; {_SAVE}",
    rb"<(!--|(!doctype|html|head|meta|body|style|table|div)\b)": f"a web page; {_OPEN}",
    rb"id;p.*\r?\n(p;pgeneral|[bcf];[xyp]\d)": f"a SYLK file (.slk); {_SAVE}",
    rb"table\r?\n0,1\r?\n": f"a DIF file (.dif); {_SAVE}",
    rb"begin:vcard": f"a file of contact cards (.vcf); {_EXPORT_CARDS}",
    rb"\[\s*[{\[]|\{\s*\"": f"a JSON file; {_SAVE}",
}
_SIGNATURE_BYTES = 64


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
    for beginning, description in _OTHER_FORMATS.items():
        if re.match(beginning, text):
            raise UnreadableFile(f"is {description}")
