"""The tree of errors is what its docstring draws."""

from __future__ import annotations

import re

import pytest

from outreach import errors
from outreach.errors import OutreachError

KINDS = OutreachError.__subclasses__()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.__module__ == errors.__name__])
def test_every_error_is_drawn_with_its_status(kind: type[OutreachError]) -> None:
    drawn = dict(re.findall(r"[├└]── (\w+) +(\d{3})", errors.__doc__ or ""))
    assert drawn[kind.__name__] == str(kind.status)


def test_every_error_has_a_code_of_its_own() -> None:
    kinds: list[type[OutreachError]] = [OutreachError, *KINDS]
    codes = [kind.code for kind in kinds]
    assert len(set(codes)) == len(codes)


def test_an_error_without_details_tells_its_title() -> None:
    assert errors.NotFound().detail == str(errors.NotFound()) == "There is no such thing"


def test_the_rule_that_was_broken_may_have_a_code_of_its_own() -> None:
    assert (errors.Conflict("x", code="invalid_state").code, errors.Conflict("x").code) == ("invalid_state", "conflict")


def test_a_failed_validation_tells_all_its_places() -> None:
    error = errors.ValidationFailed(errors.FieldError("/a", "is wrong"), errors.FieldError("/b", "too"))
    assert error.detail == "/a: is wrong; /b: too"
