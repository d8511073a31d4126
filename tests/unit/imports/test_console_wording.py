"""The console recognises errors of a header by their wording (`check_file.ts`), because the API gives them no codes."""

from __future__ import annotations

import re

import pytest

from outreach.contacts.fields import SiteFields, system_fields
from outreach.imports.columns import Columns
from tests.support.template import ROOT

COLUMNS = Columns(SiteFields("1", "US", system_fields("1")))
CHECK_FILE = (ROOT / "console/src/pages/import_file/check_file.ts").read_text()


def _constant(pattern: str) -> str:
    (value,) = re.findall(pattern, CHECK_FILE)
    return str(value)


UNKNOWN_COLUMN = re.compile(_constant(r"UNKNOWN_COLUMN = /(.*)/s;"), re.DOTALL)
NO_FIELD = _constant(r'NO_FIELD = "(.*)";')


@pytest.mark.parametrize("heading", ["Shoe size", "Mobile Phone", "Record ID", "a; to ignore"])
def test_the_console_finds_the_heading_of_an_unknown_column(heading: str) -> None:
    (error,) = COLUMNS.header_errors(["name", heading])
    found = UNKNOWN_COLUMN.match(error)
    assert found is not None
    assert found[1] == heading


@pytest.mark.parametrize("header", [[], ["id"]])
def test_the_console_finds_that_no_column_is_a_contact_field(header: list[str]) -> None:
    (error,) = COLUMNS.header_errors(header)
    assert NO_FIELD in error
    assert not UNKNOWN_COLUMN.match(error)
