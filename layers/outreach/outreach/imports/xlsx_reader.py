"""Reads the rows of the first visible worksheet of an XLSX workbook, row by row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO

from openpyxl.utils import column_index_from_string
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900

from outreach.imports.file_format import UnreadableFile
from outreach.imports.import_warnings import Warnings
from outreach.imports.xlsx_package import Attributes, Handlers, Package, Relationship, open_package
from outreach.imports.xlsx_strings import SharedStrings, TextCollector, decode_escapes, read_shared_strings
from outreach.imports.xlsx_styles import Format, general, read_formats
from outreach.text import listed

# Excel specifications and limits: worksheet size.
_MAX_ROWS = 1_048_576
# A contact takes at most 350,000 bytes, and a row of a CSV file as much as this.
_MAX_ROW_CHARACTERS = 1_000_000
# Of the rows that one block of the sheet completes. A few kilobytes can name the same long text a million times.
_MAX_PENDING_CHARACTERS = 50_000_000
# Excel allows 16,384. Such wide rows would take long, and no site has so many fields.
_MAX_COLUMNS = 2_000

_DIGITS = "0123456789"
# How XML writes a boolean; old programs write "on".
_TRUE = ("1", "true", "on")


def rows(file: IO[bytes], warnings: Warnings) -> Iterator[list[str]]:
    """Yield all rows, blank ones too. Memory grows only with the workbook's table of shared strings.

    Args:
        file: must be seekable.
        warnings: receives the sheets and cells that are not read.

    Raises:
        UnreadableFile: the file is not a workbook, or too large.
    """
    with open_package(file) as package:
        book = _open_workbook(package)
        if book.other_sheets:
            warnings.add(1, "", f"only the sheet {book.sheet} was read; the file has other sheets: {listed(book.other_sheets)}")
        sheet = _SheetParser(book, warnings)
        blocks = package.parse(book.sheet_part, Handlers(sheet.start, sheet.end, sheet.text))
        for _ in blocks:
            yield from sheet.take_rows()
            if sheet.is_complete:
                break
        yield from sheet.take_rows()
        sheet.warn_of_hidden_rows()


@dataclass(frozen=True)
class _Workbook:
    """A workbook.

    Attributes:
        sheet: the name of the first visible worksheet; ``sheet_part`` is its part.
        other_sheets: the names of the other worksheets, hidden ones too.
    """

    sheet: str
    sheet_part: str
    other_sheets: list[str]
    strings: SharedStrings
    formats: list[Format]


def _open_workbook(package: Package) -> _Workbook:
    main = next(entry.target for entry in package.relationships("").values() if entry.kind == "officeDocument")
    parts = package.relationships(main)
    sheets, epoch = _sheets(package, main, parts)
    visible = [(name, part) for name, part, is_visible in sheets if is_visible]
    if not visible:
        raise UnreadableFile("is a workbook without a visible worksheet; unhide one, and save the file again")
    name, part = visible[0]
    others = [other for other, other_part, _ in sheets if other_part != part]
    by_kind = {entry.kind: entry.target for entry in parts.values() if entry.target in package}
    strings = read_shared_strings(package, by_kind["sharedStrings"]) if "sharedStrings" in by_kind else SharedStrings()
    formats = read_formats(package, by_kind["styles"], epoch) if "styles" in by_kind else []
    return _Workbook(name, part, others, strings, formats)


def _sheets(package: Package, part: str, parts: dict[str, Relationship]) -> tuple[list[tuple[str, str, bool]], datetime]:
    """Return the worksheets of a workbook, each with its name, part and visibility, and day zero of its dates."""
    sheets: list[tuple[str, str, bool]] = []
    epoch = CALENDAR_WINDOWS_1900

    def start(element: str, attributes: Attributes) -> None:
        nonlocal epoch
        if element == "workbookPr" and attributes.get("date1904") in _TRUE:
            epoch = CALENDAR_MAC_1904
        if element == "sheet":
            relationship = parts[_relationship_id(attributes)]
            if relationship.kind == "worksheet":
                is_visible = attributes.get("state", "visible") == "visible"
                sheets.append((attributes["name"], relationship.target, is_visible))

    package.parse_all(part, Handlers(start))
    return sheets, epoch


def _relationship_id(attributes: Attributes) -> str:
    """Return the value of ``r:id``. A program may choose another prefix of the namespace than ``r``."""
    return next(value for name, value in attributes.items() if name.rpartition(":")[2] == "id")


@dataclass
class _SheetParser:
    """Collects the rows of a worksheet from its XML."""

    book: _Workbook
    warnings: Warnings
    is_complete: bool = False
    _rows: list[list[str]] = field(default_factory=list)
    _pending: int = 0
    _row: list[str] = field(default_factory=list)
    _row_characters: int = 0
    _header: Sequence[str] = ()
    _number: int = 0
    _column: int = 0
    _type: str = "n"
    _format: Format = general
    _has_formula: bool = False
    _has_value: bool = False
    _collects: bool = False
    _phonetic: int = 0
    _collector: TextCollector = field(default_factory=TextCollector)
    _columns: dict[str, int] = field(default_factory=dict)
    _is_hidden: bool = False
    _hidden: int = 0
    _first_hidden: int = 0

    def take_rows(self) -> list[list[str]]:
        """Return the complete rows that were not returned before."""
        rows, self._rows, self._pending = self._rows, [], 0
        return rows

    def warn_of_hidden_rows(self) -> None:
        """Warn that hidden rows are imported. A person who has filtered the sheet may not expect them."""
        if self._hidden:
            rows = f"{self._hidden:,}, the first of them in row {self._first_hidden}"
            self.warnings.add(1, "", f"hidden rows were read too: {rows}; delete them from the file if they must not be imported")

    def start(self, element: str, attributes: Attributes) -> None:
        if element == "c":
            self._start_cell(attributes)
        elif element == "v" or (element == "t" and not self._phonetic):
            self._collects = self._has_value = True
        elif element == "row":
            self._start_row(attributes)
        elif element == "f":
            self._has_formula = True
        elif element == "rPh":
            self._phonetic += 1

    def text(self, piece: str) -> None:
        if self._collects:
            self._collector.add(piece)

    def end(self, element: str) -> None:
        self._collects = False
        if element == "c":
            self._end_cell()
        elif element == "row":
            self._end_row()
        elif element == "rPh":
            self._phonetic -= 1
        elif element == "sheetData":
            self.is_complete = True

    def _start_row(self, attributes: Attributes) -> None:
        """Start a row. A file leaves out blank rows, so the rows between the last number and this one are blank."""
        number = max(int(attributes.get("r", 0)), self._number + 1)
        # A row may state any number, such as a billion: blank rows beyond the last possible row would fill the memory.
        blank_rows = min(number, _MAX_ROWS + 1) - self._number - 1
        self._rows += [[] for _ in range(blank_rows)]
        self._number = number
        self._row, self._column, self._row_characters = [], 0, 0
        self._is_hidden = attributes.get("hidden") in _TRUE

    def _end_row(self) -> None:
        if self._number > _MAX_ROWS:
            self.is_complete = True
        if self.is_complete:
            return
        if self._is_hidden and self._header and self._row:
            self._hidden += 1
            self._first_hidden = self._first_hidden or self._number
        self._header = self._header or self._row  # blank rows may precede it
        self._rows.append(self._row)

    def _start_cell(self, attributes: Attributes) -> None:
        reference = attributes.get("r")
        self._column = self._column_of(reference) if reference else self._column + 1
        self._type = attributes.get("t", "n")
        style = attributes.get("s")
        self._format = self.book.formats[int(style)] if style and int(style) < len(self.book.formats) else general
        self._has_formula = self._has_value = False

    def _column_of(self, reference: str) -> int:
        letters = reference.rstrip(_DIGITS)
        if letters not in self._columns:
            self._columns[letters] = column_index_from_string(letters)
        return self._columns[letters]

    def _end_cell(self) -> None:
        text = self._cell_text(self._collector.take())
        if text.strip():
            if self._column > _MAX_COLUMNS:
                raise UnreadableFile(f"has a cell beyond column {_MAX_COLUMNS:,}; delete it, or save the file as CSV")
            self._require_room(len(text))
            self._row += [""] * (self._column - len(self._row))
            self._row[self._column - 1] = text

    def _require_room(self, characters: int) -> None:
        self._row_characters += characters
        self._pending += characters
        if self._row_characters > _MAX_ROW_CHARACTERS:
            raise UnreadableFile(f"has more than {_MAX_ROW_CHARACTERS:,} characters in row {self._number}; shorten its texts")
        if self._pending > _MAX_PENDING_CHARACTERS:
            raise UnreadableFile(f"has too many long texts before row {self._number}; save it as CSV")

    def _cell_text(self, value: str) -> str:
        if self._type == "s":
            return self.book.strings[int(value)] if value else ""
        if self._type == "inlineStr" or self._type == "str":
            return decode_escapes(value)
        if not value:
            if self._has_formula:
                self._warn("has a formula without a stored result and counts as empty; save the file in a spreadsheet program")
            return ""
        if self._type == "n":
            return self._number_text(value)
        if self._type == "b":
            return "true" if value in ("1", "true") else "false"
        return value  # of a spreadsheet error, too: what it means depends on the column

    def _number_text(self, value: str) -> str:
        try:
            return self._format(value)
        except (ValueError, OverflowError):
            self._warn("is formatted as a date but is not a valid date, and counts as empty")
            return ""

    def _warn(self, message: str) -> None:
        column = self._header[self._column - 1] if self._column <= len(self._header) else ""
        self.warnings.add(self._number, column, message)
