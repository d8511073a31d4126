"""Requests of imports."""

from __future__ import annotations

from typing import Any

import pytest
from aws_lambda_powertools.event_handler.openapi.params import UploadFile
from pydantic import ValidationError

from outreach.imports.schemas import ImportBody


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"fileName": " Cafe\u0301.csv\ufeff"}, "Café.csv"),
        ({"fileName": "C:\\Users\\ada\\people.xlsx"}, "people.xlsx"),
        ({"fileName": "../../etc/people.csv"}, "people.csv"),
        ({"fileName": "two\nlines.csv"}, "two lines.csv"),
        ({"uploadFile": UploadFile(content=b"", filename=f"\x00{'n' * 3_000}")}, "n" * 256),
        ({"fileName": None}, ""),
        ({"fileName": " "}, ""),
        ({"fileName": "folder/"}, ""),
        ({"uploadFile": UploadFile(content=b"", filename="C:\\people.csv")}, "people.csv"),
        ({"uploadFile": UploadFile(content=b"", filename=None)}, ""),
        ({"uploadFile": UploadFile(content=b"", filename="part.csv"), "fileName": "mine.csv"}, "mine.csv"),
        ({"uploadFile": "https://a.example/b/caf%C3%A9%2Fx.csv?token=1#f"}, "x.csv"),
        ({"uploadFile": "https://a.example"}, ""),
    ],
)
def test_the_name_of_a_file_is_one_clean_line_without_folders(given: dict[str, Any], name: str) -> None:
    assert ImportBody.model_validate(given).name_of_file() == name


def test_columns_that_do_not_fit_into_the_item_of_an_import_are_refused() -> None:
    columns = {f"{number:03}" + "\U0001f600" * 100: "city" for number in range(1_000)}
    with pytest.raises(ValidationError, match="must have at most 100,000 bytes"):
        ImportBody.model_validate({"columns": columns})
    ordinary = {f"A heading of forty characters, or so {number:03}": "city" for number in range(1_000)}
    assert ImportBody.model_validate({"columns": ordinary}).columns == ordinary
