"""Properties of all request bodies."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from jsonschema import Draft202012Validator
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


# Properties with a stricter rule: names of things, values of options, and addresses.
NAMES = ("name", "display_text", "value", "url", "callback_url", "upload_file", "encoding")


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


# Each kind of character that no text has; JSON with an unpaired surrogate cannot be parsed.
NOT_IN_TEXT = ["\x00", "\x07", "\x0b", "\x1b", "\x7f", "\x85", "\x9f", "\ufdd0", "\ufffe", "\U0001ffff"]


@every_property
def test_no_string_has_a_character_that_is_no_text(body: type[wire.Request], name: str) -> None:
    if name == "id" and not messages(body, name, "x"):
        return  # read-only: anything but a GUID is ignored
    for char in NOT_IN_TEXT:
        assert messages(body, name, f"x{char}x")
        for good, bad in zip(_values_of("xx"), _values_of(f"x{char}x"), strict=True):
            is_free = not messages(body, name, good) and "BaseModel" not in str(bases_in(body.model_fields[name].annotation))
            assert not is_free or any(f"U+{ord(char):04X}" in message for message in messages(body, name, bad)), ascii(char)


def _values_of(text: str) -> list[Any]:
    """JSON values of all shapes with a text somewhere."""
    return [text, {"a": text}, {"a": [{"b": text}]}, [text], [{"a": text}], {text: "a"}]


@every_property
def test_text_may_have_tabs_and_line_breaks(body: type[wire.Request], name: str) -> None:
    is_text = not messages(body, name, "xx") and body.model_fields[name].annotation in (str, str | None) and name not in NAMES
    assert not is_text or not messages(body, name, "x\tx\r\nx\u2028x")


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
            assert [text for text in texts if re.search("Input|Value error|should|Expected|valid (string|list|dict)", text)] == []


# What reads more than its JSON schema says: flags, ids of tickets, values of fields and conditions, ids that the API assigns, and
# the delivery of a message, which may be empty.
LENIENT = re.compile(r"is_|if_|replaces_|(dry_run|attached_to_ticket_id|custom_fields|(default_)?value|message_delivery|id)$")


@every_property
@pytest.mark.parametrize("value", [0, False, [], {}], ids=repr)
def test_only_null_and_blank_text_count_as_absent(body: type[wire.Request], name: str, value: Any) -> None:
    schema = body.model_json_schema()
    property_schema = schema["properties"][wire.spellings(body)[name]] | {"$defs": schema.get("$defs", {})}
    assert LENIENT.match(name) or messages(body, name, value) or Draft202012Validator(property_schema).is_valid(value)


@every_property
def test_any_value_is_accepted_or_rejected_without_another_error(body: type[wire.Request], name: str) -> None:
    for value in VALUES:
        with contextlib.suppress(ValidationError):
            body.model_validate({name: value})
