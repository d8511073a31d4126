"""How values are read and written (contract, JSON conventions)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import AliasChoices, Field, ValidationError

from outreach import wire


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize("value", ["is more than", "IsMoreThan", "Is More Than", "ISMORETHAN", " isMore than "])
def test_an_enumeration_is_matched_without_case_and_spaces_and_written_as_spelled(value: str) -> None:
    assert wire.one_of("is", "isMoreThan")(value) == "isMoreThan"


@pytest.mark.parametrize("value", ["", "more", None, 1])
def test_what_is_not_in_an_enumeration_is_refused_with_what_is(value: Any) -> None:
    with pytest.raises(ValueError, match="must be one of is, isMoreThan"):
        wire.one_of("is", "isMoreThan")(value)


@pytest.mark.parametrize(("value", "kept"), [("", None), (" ", None), (None, None), ("a", "a"), (0, 0), (False, False)])
def test_blank_text_stands_for_none(value: Any, kept: Any) -> None:
    assert wire.none_if_blank(value) == kept
    assert type(wire.none_if_blank(value)) is type(kept)


class Body(wire.Request):
    full_name: str
    avatar_url: str = Field("", validation_alias=AliasChoices("avatarUrl", "avatar"))
    callback: str = Field("", alias="callbackURL")


@pytest.mark.parametrize("name", ["fullName", "FullName", "FULLNAME", "full_name"])
def test_property_names_are_matched_without_case(name: str) -> None:
    assert Body.model_validate({name: "Tom", "unknown": 1}).full_name == "Tom"


@pytest.mark.parametrize(
    ("given", "attribute"),
    [("avatar", "avatar_url"), ("AVATARURL", "avatar_url"), ("callbackurl", "callback"), ("callbackURL", "callback")],
)
def test_every_spelling_of_a_property_is_accepted(given: str, attribute: str) -> None:
    assert getattr(Body.model_validate({"fullName": "Tom", given: "x"}), attribute) == "x"


@pytest.mark.parametrize(("given", "place"), [({"fullname": 1}, "fullName"), ({"fullName": "", "AVATAR": 1}, "avatarUrl")])
def test_an_error_points_at_the_spelling_that_we_write(given: dict[str, Any], place: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        Body.model_validate(given)
    assert [error["loc"] for error in refusal.value.errors()] == [(place,)]


@pytest.mark.parametrize("given", [[], "text", None, 7])
def test_what_is_no_object_is_no_body(given: Any) -> None:
    with pytest.raises(ValidationError):
        Body.model_validate(given)


class Shown(wire.Response):
    create_time: wire.Moment
    scheduled_time: wire.OptionalMoment
    is_system: wire.Flag


@pytest.mark.parametrize(("scheduled", "written"), [(None, None), ("2022-05-23", "2022-05-23T00:00:00.000Z")])
def test_a_response_is_written_one_way(scheduled: str | None, written: str | None) -> None:
    shown = Shown(create_time=utc(2022, 5, 23, 3, 0, 36, 277999), scheduled_time=scheduled, is_system="yes")
    expected = {"createTime": "2022-05-23T03:00:36.277Z", "scheduledTime": written, "isSystem": True}
    assert shown.model_dump(mode="json") == expected
