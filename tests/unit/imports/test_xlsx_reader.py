"""Reading Excel workbooks."""

from __future__ import annotations

import io
import re
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outreach.exports import xlsx_template
from outreach.imports import xlsx_reader, xlsx_strings
from outreach.imports.file_format import UnreadableFile
from outreach.imports.import_warnings import Warnings
from tests.support.template import ROOT
from tests.unit.imports import workbooks
from tests.unit.imports.workbooks import archive, book, inline, relationships, sheet, strings, styles, workbook

CASES = Path(ROOT, "tests/integration/imports/cases")
# A workbook whose ZIP directory requires version 20.0 of ZIP.
OF_UNKNOWN_ZIP_VERSION = re.sub(rb"(PK\x01\x02..)..", b"\\1\xc8\x00", xlsx_template.make_workbook(["name"]), flags=re.DOTALL)
MB = 1 << 20


def read(content: bytes) -> list[list[str]]:
    return list(xlsx_reader.rows(io.BytesIO(content), Warnings()))


def warnings_of(content: bytes) -> list[tuple[int, str]]:
    warnings = Warnings()
    list(xlsx_reader.rows(io.BytesIO(content), warnings))
    return [(warning.row, warning.column) for warning in warnings.entries]


def error_of(content: bytes) -> str:
    with pytest.raises(UnreadableFile) as error:
        read(content)
    return str(error.value)


def cell(attributes: str, value: str = "") -> str:
    return f"<c {attributes}>{value}</c>"


def saved(*rows: list[Any], number_format: str | None = None) -> bytes:
    """A workbook as openpyxl writes it."""
    written = openpyxl.Workbook()
    for row in rows:
        written.worksheets[0].append(row)
    if number_format:
        for row_cells in written.worksheets[0]:
            for written_cell in row_cells:
                written_cell.number_format = number_format
    content = io.BytesIO()
    written.save(content)
    return content.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04 and nothing else",
        OF_UNKNOWN_ZIP_VERSION,
        archive({"[Content_Types].xml": ""}),
        workbook(sheet1="<worksheet><sheetData><row>"),
        workbook("<row><c t='s'><v>7</v></c></row>"),
        workbook("<row><c t='s'><v>-1</v></c></row>", sharedStrings=strings("<si><t>x</t></si>")),
        workbook("<row><c t='s'><v>x</v></c></row>"),
        workbook("<row r='x'/>"),
        workbook("<row><c r='!!!!1'><v>1</v></c></row>"),
        workbook(rels=relationships(rId1=("worksheet", "missing.xml"))),
        workbook(rels=relationships()),
        workbook("<row/>")[:-200],
    ],
)
def test_the_error_says_that_a_file_is_not_a_readable_workbook(content: bytes) -> None:
    assert "cannot be read as an Excel workbook" in error_of(content)


@pytest.mark.parametrize(
    ("content", "format_"),
    [
        (archive({"[Content_Types].xml": "", "xl/workbook.bin": ""}), "xlsb"),
        (archive({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}), "OpenDocument"),
        (archive({"Index/Document.iwa": ""}), "Numbers"),
        (archive({"[Content_Types].xml": "", "word/document.xml": ""}), "docx"),
        (archive({"subscribed_members.csv": "Email Address"}), "ZIP archive; unpack it"),
    ],
)
def test_the_error_names_another_format(content: bytes, format_: str) -> None:
    assert format_ in error_of(content)


def test_the_error_says_that_an_archive_is_protected() -> None:
    content = bytearray(workbook())
    content[content.index(b"PK\x01\x02") + 8] |= 1  # general purpose bit flag: encrypted
    assert "password-protected" in error_of(bytes(content))


@pytest.mark.parametrize(
    ("name", "expected", "warned"),
    [
        ("empty_fill.xlsx", [["name", "email"], ["Ada C27", "c27@example.com"]], []),
        ("strict.xlsx", [["name", "email"], ["Ada C28", "c28@example.com"]], []),
        ("hidden_old.xlsx", [["name", "email"], ["New C21b", "new.c21b@example.com"]], [(1, "")]),
        ("x000d.xlsx", [["name", "email", "description"], ["Ada C26", "c26@example.com", "Line 1\r\nLine 2"]], []),
    ],
)
def test_a_file_of_another_program_is_read(name: str, expected: list[list[str]], warned: list[tuple[int, str]]) -> None:
    content = (CASES / name).read_bytes()
    assert (read(content), warnings_of(content)) == (expected, warned)


HIDDEN = '<sheet name="Old" sheetId="2" state="{}" r:id="rId1"/><sheet name="New" sheetId="1" r:id="rId2"/>'
TWO_SHEETS = relationships(rId1=("chartsheet", "x.xml"), rId2=("worksheet", "worksheets/sheet1.xml"))


def test_a_chart_is_not_a_sheet() -> None:
    assert warnings_of(workbook(f"<row>{inline('a')}</row>", workbook=book(HIDDEN.format("visible")), rels=TWO_SHEETS)) == []


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_a_workbook_without_a_visible_sheet_is_refused(state: str) -> None:
    assert "visible" in error_of(workbook(workbook=book(f'<sheet name="A" sheetId="1" state="{state}" r:id="rId1"/>')))


def test_the_sheets_that_are_not_read_are_named() -> None:
    warnings = Warnings()
    list(xlsx_reader.rows(io.BytesIO((CASES / "hidden_old.xlsx").read_bytes()), warnings))
    assert "Old" in warnings.entries[0].message


@pytest.mark.parametrize(
    ("code", "number", "expected"),
    [
        ("00000", "2134", "02134"),
        ("00000", "2134.0", "02134"),
        ("00000", "123456", "123456"),
        ("00000", "21.5", "21.5"),
        ("00000", "-21", "-21"),
        ("00000\\-0000", "21340001", "02134-0001"),
        ("000-00-0000", "12345678", "012-34-5678"),
        ("&quot;0&quot;000", "7", "0007"),
        ("[Red]0000;-0000", "7", "0007"),
        ("+0", "12125550123", "+12125550123"),
        ("+00 000", "43664", "+43 664"),
        ("[$-409]\\+0", "12125550123", "+12125550123"),
        ("&quot;+&quot;0", "12125550123", "+12125550123"),
        ("\\+#", "12125550123", "+12125550123"),
        ("\\+#\\ (###)\\ ###\\-####", "12125550123", "+1 (212) 555-0123"),
        ("[$-409]\\00", "15123456789", "015123456789"),
        ("0####", "1234", "01234"),
        ("0####", "123", "0123"),
        ("0####\\ ######", "151234567", "0151 234567"),
        ("##000", "1", "001"),
        ("[&lt;=99999]00000;00000\\-0000", "2134", "02134"),
        ("[&lt;=99999]00000;00000\\-0000", "21340001", "02134-0001"),
        ("[&gt;99][$-409]000;0000", "7", "0007"),
        ("###\\-####", "5550123", "5550123"),
        ("0&quot; times&quot;", "5", "5"),
        ("&quot;#0 &quot;0", "5", "#0 5"),
        ("0", "12125550123", "12125550123"),
        ("#,##0", "1234567", "1234567"),
        ("0.00", "1.5", "1.5"),
        ("0%", "0.25", "0.25"),
        ("General", "0.1", "0.1"),
        ("@", "42", "42"),
    ],
)
def test_a_number_keeps_the_leading_zeros_and_the_plus_of_its_format(code: str, number: str, expected: str) -> None:
    assert read(workbook(f"<row><c s='1'><v>{number}</v></c></row>", styles=styles(code))) == [[expected]]


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("42", "42"),
        ("42.0", "42"),
        ("1.2125550123E10", "12125550123"),
        ("123456789012345", "123456789012345"),
        ("1234567890123450", "1.23456789012345E+15"),
        ("1.2345678901234501E+19", "1.23456789012345E+19"),
        ("1234567890123456", "1234567890123456"),
        ("-7", "-7"),
        ("nan", "nan"),
        ("text", "text"),
    ],
)
def test_a_number_is_written_as_it_is_and_a_rounded_one_shows_that_it_is(number: str, expected: str) -> None:
    assert read(workbook(f"<row><c><v>{number}</v></c></row>")) == [[expected]]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (date(2024, 5, 1), "2024-05-01"),
        (datetime(2024, 5, 1, 12, 30), "2024-05-01T12:30:00"),  # noqa: DTZ001 - a workbook has no time zones
        (time(12, 30), "12:30:00"),
        (timedelta(days=1, hours=6, seconds=5), "30:00:05"),
        (timedelta(minutes=90), "1:30:00"),
        (True, "true"),
        (False, "false"),
        (0.1, "0.1"),
        (12125550123, "12125550123"),
    ],
)
def test_a_value_is_written_as_a_person_would_type_it(value: Any, expected: str) -> None:
    assert read(saved(["name"], [value])) == [["name"], [expected]]


def test_dates_count_from_1904_where_the_workbook_says_so() -> None:
    properties = '<workbookPr date1904="1"/>'
    content = workbook(
        "<row><c s='1'><v>1</v></c></row>",
        workbook=book('<sheet name="A" sheetId="1" r:id="rId1"/>', properties),
        styles=styles("yyyy-mm-dd"),
    )
    assert read(content) == [["1904-01-02"]]


@pytest.mark.parametrize(
    "bad",
    [
        cell("r='B2'", "<f>UPPER(A1)</f><v></v>"),
        cell("r='B2'", "<f>UPPER(A1)</f>"),
        cell("r='B2' s='1'", "<v>12125550152</v>"),
        cell("r='B2' s='1'", "<v>1e300</v>"),
    ],
)
def test_a_cell_without_a_value_is_empty_and_gets_a_warning(bad: str) -> None:
    header = f"<row>{inline('name')}{inline('SMS')}</row>"
    content = workbook(f"{header}<row>{inline('Ada')}{bad}</row>", styles=styles("yyyy-mm-dd"))
    assert (read(content), warnings_of(content)) == ([["name", "SMS"], ["Ada"]], [(2, "SMS")])


def test_a_spreadsheet_error_is_read_as_a_text() -> None:
    error = cell("t='e'", "<f>1/0</f><v>#DIV/0!</v>")
    content = workbook(f"<row>{inline('name')}</row><row>{error}</row>")
    assert (read(content), warnings_of(content)) == ([["name"], ["#DIV/0!"]], [])


def test_a_formula_whose_result_is_an_empty_text_gets_no_warning() -> None:
    formula = cell("t='str'", "<f>IF(A1=0,1,&quot;&quot;)</f><v></v>")
    content = workbook(f"<row>{inline('name')}</row><row>{formula}</row>")
    assert (read(content), warnings_of(content)) == ([["name"], []], [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a_x000D_b", "a\rb"),
        ("_x005F_x000D_", "_x000D_"),
        ("_xD83D__xDE00_", "😀"),
        ("_xD83D_", "\ufffd"),
        ("_x00e9_", "é"),
        ("a_x_b _x12_", "a_x_b _x12_"),
    ],
)
def test_escaped_characters_are_decoded(text: str, expected: str) -> None:
    shared = f"<si><r><t>{text}</t></r><rPh><t>spoken</t></rPh></si>"
    cells = inline(text) + cell("t='s'", "<v>0</v>") + cell("t='str'", f"<v>{text}</v>")
    assert read(workbook(f"<row>{cells}</row>", sharedStrings=strings(shared))) == [[expected] * 3]


def test_rows_and_cells_that_the_file_leaves_out_are_blank() -> None:
    rows = f"<row r='2'>{inline('b', 'B2')}{inline('a', 'A2')}</row><row r='4'>{inline('x')}{inline('z', 'C4')}</row><row/>"
    assert read(workbook(rows)) == [[], ["a", "b"], [], ["x", "", "z"], []]


@pytest.mark.parametrize("prefix", ["", "x:"])
@pytest.mark.parametrize("namespace", [workbooks.MAIN, workbooks.STRICT_MAIN])
def test_the_prefix_and_the_namespace_of_elements_do_not_matter(prefix: str, namespace: str) -> None:
    xml = sheet(f"<row>{inline('a')}</row>", namespace)
    if prefix:
        xml = re.sub(r"<(/?)(\w)", rf"<\1{prefix}\2", xml).replace("xmlns=", "xmlns:x=")
    assert read(workbook(sheet1=xml)) == [["a"]]


@pytest.mark.parametrize("damaged", ["<styleSheet", "", "<styleSheet><cellXfs><xf numFmtId='x'/></cellXfs></styleSheet>"])
def test_a_damaged_style_sheet_does_not_matter(damaged: str) -> None:
    assert read(workbook("<row><c s='9'><v>7</v></c></row>", styles=damaged.encode() or b" ")) == [["7"]]


def repeated(block: bytes, times: int, before: str, after: str) -> Iterator[bytes]:
    yield before.encode()
    for _ in range(times):
        yield block
    yield after.encode()


ROW_BEGIN, ROW_END = sheet("<row>|</row>").split("|")
STRINGS_BEGIN, STRINGS_END = strings("|").split("|")
SHARED_CELL = '<c t="s"><v>0</v></c>'
LONG_STRING = strings(f"<si><t>{'x' * 900_000}</t></si>")
ENTITIES = '<!DOCTYPE sst [<!ENTITY a "haha"><!ENTITY b "&a;&a;&a;">]>'
HOSTILE: dict[str, Callable[[], bytes]] = {
    "many shared strings": lambda: workbook(sharedStrings=repeated(b"<si/>" * 100_000, 30, STRINGS_BEGIN, STRINGS_END)),
    "long shared strings": lambda: workbook(
        sharedStrings=repeated(b"<si><t>" + b"x" * 900_000 + b"</t></si>", 60, STRINGS_BEGIN, STRINGS_END)
    ),
    "a long text": lambda: workbook(sheet1=repeated(b"x" * MB, 200, ROW_BEGIN + "<c t='str'><v>", "</v></c>" + ROW_END)),
    "a long attribute": lambda: workbook(sheet1=repeated(b"x" * MB, 200, ROW_BEGIN + "<c t='", "'/>" + ROW_END)),
    "a long comment": lambda: workbook(sheet1=repeated(b"x" * MB, 200, ROW_BEGIN + "<!--", "-->" + ROW_END)),
    "one text in each cell of a row": lambda: workbook("<row>" + SHARED_CELL * 1_999 + "</row>", sharedStrings=LONG_STRING),
    "one text in each row": lambda: workbook(f"<row>{SHARED_CELL}</row>" * 2_000, sharedStrings=LONG_STRING),
    "a wide row": lambda: workbook(f"<row>{inline('x', 'XFD1')}</row>"),
    "entities": lambda: workbook(sharedStrings=ENTITIES + strings("<si><t>&b;</t></si>")),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_workbook_made_to_exhaust_memory_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_strings, "_MAX_STRINGS", 2_000_000)
    monkeypatch.setattr(xlsx_strings, "_MAX_BYTES", 50_000_000)
    content = HOSTILE[name]()
    tracemalloc.start()
    try:
        error_of(content)
        assert tracemalloc.get_traced_memory()[1] < 80 * MB
    finally:
        tracemalloc.stop()


CHARACTERS = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])
# openpyxl writes a text that begins with = as a formula.
TEXTS = st.text(CHARACTERS, min_size=1).filter(lambda text: not text.startswith("=") and text.strip() != "")


@settings(deadline=None)
@given(st.lists(st.lists(TEXTS, min_size=1, max_size=4), max_size=5))
def test_a_written_workbook_is_read_as_it_was(rows: list[list[str]]) -> None:
    assert read(saved(["header"], *rows)) == [["header"], *rows]


def test_a_warning_names_its_column_below_blank_rows() -> None:
    cells = f"<row/><row/><row>{inline('city')}</row><row><c><f>A1</f></c></row>"
    assert warnings_of(workbook(cells)) == [(4, "city")]


def test_hidden_rows_are_read_with_a_warning_that_counts_them() -> None:
    rows = "".join(f"<row{hidden}>{inline(text)}</row>" for text, hidden in [("SMS", ""), ("1", ""), ("2", " hidden='1'")])
    warnings = Warnings()
    read_rows = list(xlsx_reader.rows(io.BytesIO(workbook(f"<row hidden='1'/>{rows}<row hidden='true'/>")), warnings))
    assert read_rows == [[], ["SMS"], ["1"], ["2"], []]
    ((row, message),) = [(warning.row, warning.message) for warning in warnings.entries]
    assert (row, "too: 1, the first of them in row 4" in message) == (1, True)
