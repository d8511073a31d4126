"""What every body that clients send has in common."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from outreach import wire
from scripts import make_openapi

make_openapi.document()  # imports every handler, and so every body


def below(body: type[wire.Request]) -> Iterator[type[wire.Request]]:
    for child in body.__subclasses__():
        yield child
        yield from below(child)


PROPERTIES = sorted({(body.__name__, name): body for body in below(wire.Request) for name in body.model_fields}.items())
# Of every kind that JSON has, and what strings are often mistaken for.
VALUES: list[Any] = [None, True, 0, -1, 1.5, 10**30, "", " ", "x", "\x00", [], [None], {}, {"a": None}]


@pytest.mark.parametrize(("body", "name"), [pytest.param(body, name, id=f"{of}-{name}") for (of, name), body in PROPERTIES])
def test_a_value_is_taken_or_refused(body: type[wire.Request], name: str) -> None:
    for value in VALUES:
        with contextlib.suppress(ValidationError):
            body.model_validate({name: value})
