"""The columns of a file: which of them are imported, and which of the others a person may have meant."""

from __future__ import annotations

from outreach.contacts.fields import SiteFields, system_fields
from outreach.imports.columns import Columns
from outreach.imports.import_options import ImportOptions, UnknownColumns

COLUMNS = Columns(SiteFields("1", "US", system_fields("1")))


def test_a_column_that_is_ignored_although_it_seems_to_say_whom_to_text_is_named() -> None:
    options = ImportOptions(columns={"Cell": None}, unknown_columns=UnknownColumns.IGNORE)
    columns = Columns.of(COLUMNS.site_fields, options)
    header = ["name", "email", "Mobile", "Opted Out", "Cell", "Street", "Shoe size"]
    assert columns.ignored_suggestions(header) == {"Mobile": "SMS", "Opted Out": "isOptedOut"}
    assert COLUMNS.ignored_suggestions(header) == {}
