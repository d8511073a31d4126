"""The content of a file decides how it is read."""

from __future__ import annotations

import io

import pytest

from outreach.exports import xlsx_template
from outreach.imports import file_reader
from outreach.imports.file_format import UnreadableFile
from outreach.imports.import_warnings import Warnings


def test_a_workbook_is_read_as_xlsx() -> None:
    assert list(file_reader.open_file(io.BytesIO(xlsx_template.make_workbook(["name", "email"])), Warnings()).rows) == [
        ["name", "email"]
    ]


def test_any_other_file_is_read_as_csv() -> None:
    assert list(file_reader.open_file(io.BytesIO(b"name,email\n\nTom,tom@b.co\n"), Warnings()).rows) == [
        ["name", "email"],
        [],
        ["Tom", "tom@b.co"],
    ]


def test_a_template_has_text_headings_whatever_the_names_of_fields() -> None:
    content = xlsx_template.make_workbook(["=1+1", "-a", "bad\x01name", "42"])
    warnings = Warnings()
    assert list(file_reader.open_file(io.BytesIO(content), warnings).rows) == [["'=1+1", "'-a", "badname", "42"]]
    assert warnings.count == 0


@pytest.mark.parametrize(
    ("content", "format_"),
    [
        (b"BEGIN:VCARD\r\nVERSION:3.0\r\n", "contact cards"),
        (b'[{"name": "Ada"}]', "JSON"),
        (b'\xef\xbb\xbf[\n  {\n    "name": "Ada"\n  }\n]', "JSON"),
        (b'{"name": "Ada"}\n{"name": "Bob"}\n', "JSON"),
        (b"\n<!-- saved --><html>", "web page"),
        (b"<meta charset=utf-8><table>", "web page"),
        (b"<!DOCTYPE html>", "web page"),
        (b"<?xml version='1.0'?><?mso-application progid='Excel.Sheet'?>", "XML"),
        (b'ID;PCALCOOO32\nC;X1;Y1;K"name"\n', "SYLK"),
        (b"ID;PWXL;N;E\r\nP;PGeneral\r\n", "SYLK"),
        (b'TABLE\r\n0,1\r\n"Sheet1"\r\n', "DIF"),
        (b"\x1f\x8b\x08\x00", ".gz"),
        (b"PK\x05\x06" + bytes(18), "empty ZIP"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "picture"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "picture"),
    ],
)
def test_the_error_names_another_format(content: bytes, format_: str) -> None:
    with pytest.raises(UnreadableFile, match=format_):
        file_reader.open_file(io.BytesIO(content), Warnings())


@pytest.mark.parametrize(
    "header",
    [b"[name],[SMS]", b"{name},{SMS}", b"<name>,<SMS>", b"Begin,SMS", b"table,x", b"ID;Phone\nC;1", b"table\n0,2"],
)
def test_a_heading_like_the_begin_of_another_format_is_no_other_format(header: bytes) -> None:
    assert next(file_reader.open_file(io.BytesIO(header), Warnings()).rows)
