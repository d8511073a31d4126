"""Requests of imports."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from outreach.imports.schemas import ImportBody


def test_columns_that_do_not_fit_into_the_item_of_an_import_are_refused() -> None:
    columns = {f"{number:03}" + "\U0001f600" * 100: "city" for number in range(1_000)}
    with pytest.raises(ValidationError, match="must have at most 100,000 bytes"):
        ImportBody.model_validate({"columns": columns})
    ordinary = {f"A heading of forty characters, or so {number:03}": "city" for number in range(1_000)}
    assert ImportBody.model_validate({"columns": ordinary}).columns == ordinary
