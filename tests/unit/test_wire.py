"""Base classes and field types of JSON bodies (docs/api.md, "JSON and HTTP")."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import pytest
from pydantic import AliasChoices, Field, ValidationError

from outreach import wire


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize("value", ["is more than", "IsMoreThan", "Is More Than", "ISMORETHAN", " isMore than "])
def test_an_enumeration_ignores_case_and_spaces_and_returns_the_documented_spelling(value: str) -> None:
    assert wire.one_of("is", "isMoreThan")(value) == "isMoreThan"


@pytest.mark.parametrize("value", ["", "more", None, 1])
def test_the_error_lists_the_values_of_an_enumeration(value: Any) -> None:
    with pytest.raises(ValueError, match="must be one of is, isMoreThan"):
        wire.one_of("is", "isMoreThan")(value)


@pytest.mark.parametrize(("value", "expected"), [("", None), (" ", None), (None, None), ("a", "a"), (0, 0), (False, False)])
def test_blank_text_becomes_none(value: Any, expected: Any) -> None:
    assert wire.none_if_blank(value) == expected
    assert type(wire.none_if_blank(value)) is type(expected)


class Body(wire.Request):
    full_name: str
    avatar_url: str = Field("", validation_alias=AliasChoices("avatarUrl", "avatar"))
    callback: str = Field("", alias="callbackURL")


class Update(wire.Request):
    full_name: wire.Changeable[str] = None


def test_a_changeable_property_may_be_absent_but_not_null() -> None:
    assert (Update.model_validate({}).full_name, Update.model_validate({"fullName": "Tom"}).full_name) == (None, "Tom")
    with pytest.raises(ValidationError):
        Update.model_validate({"fullName": None})
    assert Update.model_json_schema()["properties"]["fullName"]["type"] == "string"


class Flags(wire.Request):
    is_shown: Annotated[wire.Flag, wire.NULL_IS_ABSENT] = True


@pytest.mark.parametrize("body", [{"isShown": None}, {"ISSHOWN": None}, {"isShown": False, "IsShown": None}])
def test_null_can_mean_that_a_property_is_absent(body: dict[str, Any]) -> None:
    flags = Flags.model_validate(body)
    assert (flags.is_shown, flags.model_fields_set) == (True, set())


@pytest.mark.parametrize("name", ["fullName", "FullName", "FULLNAME", "full_name"])
def test_property_names_ignore_case(name: str) -> None:
    assert Body.model_validate({name: "Tom", "unknown": 1}).full_name == "Tom"


@pytest.mark.parametrize(
    ("name", "attribute"),
    [("avatar", "avatar_url"), ("AVATARURL", "avatar_url"), ("callbackurl", "callback"), ("callbackURL", "callback")],
)
def test_every_spelling_of_a_property_is_accepted(name: str, attribute: str) -> None:
    assert getattr(Body.model_validate({"fullName": "Tom", name: "x"}), attribute) == "x"


@pytest.mark.parametrize(("body", "name"), [({"fullname": 1}, "fullName"), ({"fullName": "", "AVATAR": 1}, "avatarUrl")])
def test_an_error_points_at_the_documented_spelling(body: dict[str, Any], name: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        Body.model_validate(body)
    assert [error["loc"] for error in refusal.value.errors()] == [(name,)]


@pytest.mark.parametrize("value", [[], "text", None, 7])
def test_a_body_must_be_an_object(value: Any) -> None:
    with pytest.raises(ValidationError):
        Body.model_validate(value)


class Sample(wire.Response):
    create_time: wire.OptionalMoment
    scheduled_time: wire.OptionalMoment
    is_system: wire.Flag


@pytest.mark.parametrize(("scheduled", "written"), [(None, None), ("2022-05-23", "2022-05-23T00:00:00.000Z")])
def test_a_response_has_one_format(scheduled: str | None, written: str | None) -> None:
    sample = Sample(create_time=utc(2022, 5, 23, 3, 0, 36, 277999), scheduled_time=scheduled, is_system="yes")
    expected = {"createTime": "2022-05-23T03:00:36.277Z", "scheduledTime": written, "isSystem": True}
    assert sample.model_dump(mode="json") == expected
