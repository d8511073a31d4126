"""The error tree matches its docstring."""

from __future__ import annotations

import re

import pytest

from outreach import errors
from outreach.errors import FieldError, OutreachError, ValidationFailed

KINDS = OutreachError.__subclasses__()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.__module__ == errors.__name__])
def test_the_docstring_has_every_error_with_its_status(kind: type[OutreachError]) -> None:
    documented = dict(re.findall(r"[├└]── (\w+) +(\d{3})", errors.__doc__ or ""))
    assert documented[kind.__name__] == str(kind.status)


def test_every_error_has_its_own_code() -> None:
    kinds: list[type[OutreachError]] = [OutreachError, *KINDS]
    codes = [kind.code for kind in kinds]
    assert len(set(codes)) == len(codes)


def test_the_default_detail_is_the_title() -> None:
    assert errors.NotFound().detail == str(errors.NotFound()) == "Not found"


def test_only_the_first_of_many_wrong_fields_are_named() -> None:
    error = ValidationFailed(*(FieldError(f"/{number}", "is wrong") for number in range(1_000)))
    assert len(error.errors) == errors.MAX_ERRORS
    assert error.detail.endswith("/99: is wrong; and 900 more errors")


def test_a_rule_may_have_its_own_code() -> None:
    assert (errors.Conflict("x", code="invalid_state").code, errors.Conflict("x").code) == ("invalid_state", "conflict")


def test_a_used_up_quota_has_one_title_and_not_that_of_a_key_without_a_scope() -> None:
    refused = errors.Forbidden("x", code=errors.QUOTA_EXCEEDED)
    later = errors.TooManyRequests("x", retry_after=1, code=errors.QUOTA_EXCEEDED)
    assert refused.title == later.title == "The site's quota is used up"


def test_the_detail_of_a_failed_validation_lists_all_errors() -> None:
    error = errors.ValidationFailed(errors.FieldError("/a", "is wrong"), errors.FieldError("/b", "too"))
    assert error.detail == "/a: is wrong; /b: too"


def test_independent_checks_report_their_errors_together() -> None:
    def fail(pointer: str) -> int:
        raise errors.ValidationFailed.at(pointer, "is wrong")

    assert errors.checked(lambda: 1, lambda: "a") == (1, "a")
    with pytest.raises(errors.ValidationFailed, match="/a: is wrong; /b: is wrong"):
        errors.checked(lambda: fail("/a"), lambda: 1, lambda: fail("/b"))
