"""Reading CSV files, with memory that does not grow with the file."""

from __future__ import annotations

import csv
import io
import tempfile
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.imports import csv_reader
from outreach.imports.file_format import FileFormat, UnreadableFile
from outreach.imports.import_warnings import Warnings

_MB = 1 << 20
CELLS = st.text(st.sampled_from("ab ,;\t\"\r\n'é=")).map(lambda text: text.strip() or "a")


def read(content: bytes | str) -> list[list[str]]:
    raw = content.encode() if isinstance(content, str) else content
    return list(csv_reader.open_csv(io.BytesIO(raw), Warnings()).rows)


def warnings_of(content: str) -> list[tuple[int, str]]:
    warnings = Warnings()
    list(csv_reader.open_csv(io.BytesIO(content.encode()), warnings).rows)
    return [(warning.row, warning.column) for warning in warnings.entries]


def error_of(content: bytes | str) -> str:
    with pytest.raises(UnreadableFile) as error:
        read(content)
    return str(error.value)


def peak_memory(lines: int) -> int:
    """The peak memory in bytes while a file with so many lines is read."""
    with tempfile.TemporaryFile() as file:
        for number in range(lines):
            file.write(b"%d,tom%d@example.com,a text of some length that stands for other columns\n" % (number, number))
        tracemalloc.start()
        try:
            assert sum(1 for _ in csv_reader.open_csv(file, Warnings()).rows) == lines
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


def test_memory_does_not_grow_with_the_file() -> None:
    assert peak_memory(100_000) < peak_memory(30_000) + _MB


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'a,b\n"x,y\nz\n', "never closed"),
        (b"a,b\n" + b"x" * 1_100_000, "row of more than 1,000,000 characters"),
        (b"a,b\n" + b"x," * 600_000, "row of more than 1,000,000 characters"),
        (b"a,b\n" + b'"x\n",' * 300_000, "row of more than 1,000,000 characters"),
        (b"a,b\n\xff\xfe\x81", "neither"),
        (b"\xef\xbb\xbfa,b\nx\xff,y\n", "utf-8"),
    ],
)
def test_the_error_says_why_a_file_cannot_be_read(content: bytes, message: str) -> None:
    assert message in error_of(content)


@pytest.mark.parametrize(
    ("row", "lines"),
    [
        ('x,"12" TV"', ["line 5"]),
        ('x,"big\ny,fine\nz,"small"', ["line 7", "line 5"]),
        ('x,"two\nlines","12" TV"', ["line 6"]),
        ('x,"two\nlines",12"\ny,"never', ["line 7"]),
        ('x,"a""\nb,c', ["line 5"]),
        ('x, "12" TV', ["line 5"]),
        ('"a"b', ["line 5"]),
        ('x,"' + "y\n" * 80_000, ["line 5"]),
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_error_names_the_physical_line_of_the_quotation_mark(row: str, lines: list[str], delimiter: str) -> None:
    content = 'a,b\n1,"two\nlines"\n2,3\n'.replace("\n", "\r\n") + row
    error = error_of(content.replace(",", delimiter))
    assert all(line in error for line in lines)
    assert "quotation mark" in error


@pytest.mark.parametrize("cell", ['6" pipe', "5'11\" tall", 'say "hi"', '""""', '"a ""b"""'])
def test_quotation_marks_inside_a_cell_are_text(cell: str) -> None:
    expected = cell if not cell.startswith('"') else cell[1:-1].replace('""', '"')
    assert read(f"a,b\n{cell},x\n") == [["a", "b"], [expected, "x"]]


@given(st.lists(st.lists(CELLS, min_size=2, max_size=4), min_size=1, max_size=5), st.sampled_from([",", ";", "\t"]))
def test_a_written_file_is_read_as_it_was(rows: list[list[str]], delimiter: str) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([["one", "two", "three", "four"], *rows])
    assert read(text.getvalue())[1:] == rows


@given(st.lists(st.from_regex("[ab;][ab ,;é]*", fullmatch=True), min_size=4, max_size=4), st.integers(0, 3), st.data())
def test_a_quotation_mark_inside_a_quoted_cell_never_moves_text_to_another_cell(
    cells: list[str], place: int, data: st.DataObject
) -> None:
    """The file is refused, or the row has too many cells and fails, or each of the other cells has its text."""
    quoted = [f'"{cell}"' for cell in cells]
    at = data.draw(st.integers(1, len(quoted[place]) - 1))
    quoted[place] = f'{quoted[place][:at]}"{quoted[place][at:]}'
    try:
        rows = read('"1","2","3","4"\n' + ",".join(quoted) + '\n"a","b","c","d"\n')
    except UnreadableFile:
        return
    assert rows[2] == ["a", "b", "c", "d"]
    if len(rows[1]) > len(cells):
        return
    assert rows[1][:place] + rows[1][place + 1 :] == cells[:place] + cells[place + 1 :]


def test_a_long_cell_leaves_the_other_rows_readable() -> None:
    assert read("a,b\n" + "x" * 999_000 + ",y\n1,2\n")[2] == ["1", "2"]


@pytest.mark.parametrize("padding", ["\0" * 100, "\x1a", "\0\0\r\n\x1a"])
def test_a_line_of_padding_is_blank(padding: str) -> None:
    assert [row for row in read("a,b\r\n1,2\r\n" + padding) if row] == [["a", "b"], ["1", "2"]]


def test_a_cell_that_swallowed_other_rows_gets_a_warning() -> None:
    swallowed = 'name,email,note\nA,a@b.co,"big\nB,b@b.co,fine\nC,c@b.co,small"\nD,d@b.co,"two\nlines, honestly"\n'
    assert warnings_of(swallowed) == [(2, "note")]


@pytest.mark.parametrize(
    ("content", "warned"),
    [
        ("name,SMS,email\nA,1,a@b.co\nB,212", [(3, "")]),
        ("name,SMS,email\nA,1,a@b.co\nB,212\n", []),
        ("name,SMS,email\nA,1,a@b.co\nB,212,b@b", []),
        ("name,SMS,email\nA,1\nB,212", []),
        ("name,SMS,email", []),
        ("name,SMS\nA,1\n\x1a", []),
        ("name,SMS\nA,1\n ", []),
    ],
)
def test_a_last_row_that_seems_to_be_cut_off_gets_a_warning(content: str, warned: list[tuple[int, str]]) -> None:
    assert warnings_of(content) == warned


@pytest.mark.parametrize(("line", "delimiter"), [("sep=;", ";"), ("SEP=|", "|"), ('"sep=,"', ","), ("sep=\t", "\t")])
@pytest.mark.parametrize("mark", ["", "\ufeff", "\ufeff\ufeff"])
def test_a_line_with_the_delimiter_is_not_a_row(line: str, delimiter: str, mark: str) -> None:
    opened = csv_reader.open_csv(io.BytesIO(f"{mark}{line}\r\na{delimiter}b,c;d\r\n".encode()), Warnings())
    assert (opened.format, next(opened.rows)[0]) == (FileFormat("utf-8", delimiter), "a")


def test_the_line_with_the_delimiter_counts_as_a_physical_line() -> None:
    assert "line 3" in error_of('sep=;\na;b\n"x"y;z\n')


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('"Na\nme";"email"\nx;y\n', [["Na\nme", "email"], ["x", "y"]]),
        ('"Last, First, Middle";email\nx;y\n', [["Last, First, Middle", "email"], ["x", "y"]]),
        ("email\na;b\n", [["email"], ["a;b"]]),
        ('name, "city"\nTom, "Oslo, Norway"\n', [["name", "city"], ["Tom", "Oslo, Norway"]]),
        ("name\temail,x\tSMS\na\tb\n", [["name", "email,x", "SMS"], ["a", "b"]]),
        ("", []),
    ],
)
def test_the_delimiter_is_found_in_the_header(content: str, expected: list[list[str]]) -> None:
    assert read(content) == expected


@pytest.mark.parametrize("content", ["\ufeff\ufeffa,b\nx,y\n", "\ufeffa,b\n\ufeffx,y\n", '\ufeff"a",b\n\ufeff"x",y\n'])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le"])
def test_a_byte_order_mark_is_no_text_even_where_files_were_joined(content: str, encoding: str) -> None:
    assert read(content.encode(encoding)) == [["a", "b"], ["x", "y"]]
