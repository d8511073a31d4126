"""The content of a file decides how it is read."""

from __future__ import annotations

import io

from outreach.exports import xlsx_template
from outreach.imports import file_reader
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
