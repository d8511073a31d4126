"""Properties of all request bodies."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from pydantic import ValidationError

from outreach import wire
from outreach.http import problems
from tests.support.functions import load
from tests.support.template import ROOT

for file in ROOT.glob("functions/*/*/app.py"):  # every handler, and with it every body
    load(f"{file.parts[-3]}/{file.parts[-2]}")


def subclasses(body: type[wire.Request]) -> Iterator[type[wire.Request]]:
    for child in body.__subclasses__():
        yield child
        yield from subclasses(child)


PROPERTIES = sorted(
    {
        (body.__name__, name): body
        for body in subclasses(wire.Request)
        if not body.__module__.startswith("tests")
        for name in body.model_fields
    }.items()
)
# Every JSON type, with edge cases.
VALUES: list[Any] = [None, True, 0, -1, 1.5, 10**30, "", " ", "x", "\x00", [], [None], {}, {"a": None}]


every_property = pytest.mark.parametrize(
    ("body", "name"), [pytest.param(body, name, id=f"{of}-{name}") for (of, name), body in PROPERTIES]
)


def messages(body: type[wire.Request], name: str, value: Any) -> list[str]:
    """The errors of a property with a value."""
    documented = wire.spellings(body)[name]
    try:
        body.model_validate({name: value})
    except ValidationError as error:
        return [entry["msg"] for entry in error.errors() if entry["loc"][0] == documented]
    return []


def strings(size: int) -> list[Any]:
    """A string of a size, alone and in JSON."""
    text = "x" * size
    return [text, {"a": text}, {"a": [{"b": text}]}, [text], [{"a": text}], {text: "a"}]


@every_property
def test_every_string_has_a_limit(body: type[wire.Request], name: str) -> None:
    if name == "id" and not messages(body, name, "x"):
        return  # read-only: anything but a GUID is ignored
    assert messages(body, name, "x" * 10_001)
    for short, long in zip(strings(1), strings(10_001), strict=True):
        has_free_text = not messages(body, name, short) and "BaseModel" not in str(bases_in(body.model_fields[name].annotation))
        assert not has_free_text or messages(body, name, long)


def bases_in(annotation: Any) -> list[str]:
    """The names of the base classes of all types in an annotation; a model ignores unknown properties of any length."""
    parts = [annotation, *(part for argument in get_args(annotation) for part in get_args(argument) or [argument])]
    return [base.__name__ for part in parts if isinstance(part, type) for base in part.__mro__]


@pytest.mark.parametrize("body", [body for (_, name), body in PROPERTIES if name == "name"])
def test_a_name_has_at_most_256_characters(body: type[wire.Request]) -> None:
    assert messages(body, "name", "x" * 256) == []
    assert messages(body, "name", "x" * 257) == ["String should have at most 256 characters"]


@every_property
def test_no_error_is_in_the_words_of_the_validation_library(body: type[wire.Request], name: str) -> None:
    documented = wire.spellings(body)[name]
    for value in [*VALUES, *strings(1), *strings(10_001)]:
        try:
            body.model_validate({name: value})
        except ValidationError as error:
            entries = [{**entry, "loc": ("body", *entry["loc"])} for entry in error.errors()]
            problem = problems.from_validation(RequestValidationError(entries), lambda steps, _: f"/{steps[0]}")
            texts = [entry.message for entry in getattr(problem, "errors", ()) if entry.pointer == f"/{documented}"]
            assert [text for text in texts if re.search("Input|Value error|should|valid (string|list|dict)", text)] == []


@every_property
def test_any_value_is_accepted_or_rejected_without_another_error(body: type[wire.Request], name: str) -> None:
    for value in VALUES:
        with contextlib.suppress(ValidationError):
            body.model_validate({name: value})
