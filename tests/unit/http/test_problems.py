"""Validation errors in our own words, each with its pointer."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError

from outreach.errors import MAX_ERRORS
from outreach.http import problems
from outreach.http.json_pointers import to_pointer
from tests.unit.http.gateway_requests import event


class Body(BaseModel):
    name: Annotated[str, Field(min_length=2, max_length=3)]
    size: Annotated[int, Field(ge=1, le=5)] = 1
    parts: Annotated[list[dict[str, str]], Field(max_length=1)] = []


@pytest.mark.parametrize(
    ("body", "pointer", "message"),
    [
        ([], "", "must be an object"),
        ({}, "/name", "is required"),
        ({"name": 5}, "/name", "must be a string"),
        ({"name": "a"}, "/name", "must have at least 2 characters"),
        ({"name": "abcd"}, "/name", "must have at most 3 characters"),
        ({"name": "ab", "size": 0}, "/size", "must be at least 1"),
        ({"name": "ab", "size": 6}, "/size", "must be at most 5"),
        ({"name": "ab", "parts": 5}, "/parts", "must be an array"),
        ({"name": "ab", "parts": [5]}, "/parts/0", "must be an object"),
        ({"name": "ab", "parts": [{}, {}]}, "/parts", "must have at most 1 entries"),
    ],
)
def test_an_error_has_a_pointer_and_says_what_the_value_must_be(body: Any, pointer: str, message: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        Body.model_validate(body)
    errors = [{**error, "loc": ("body", *error["loc"])} for error in refusal.value.errors()]
    members = problems.body(problems.from_validation(RequestValidationError(errors), lambda steps, _: to_pointer(steps)), event())
    assert members["errors"] == [{"pointer": pointer, "message": message}]
    assert members["detail"] == (f"{pointer}: {message}" if pointer else f"the body {message}")


def test_of_a_million_wrong_values_only_the_first_are_located() -> None:
    located: list[Any] = []
    errors = [{"type": "string_type", "loc": ("body", number), "msg": "", "input": 1} for number in range(1_000_000)]

    def locate(steps: Any, _: bool) -> str:
        located.append(steps)
        return to_pointer(steps)

    refusal = problems.from_validation(RequestValidationError(errors), locate)
    assert len(located) == len(refusal.errors) == MAX_ERRORS  # type: ignore[attr-defined]
