"""The periods of filters such as ``sentTime`` (docs/api.md, "Messages")."""

from __future__ import annotations

import pytest

from outreach import periods
from outreach.errors import ValidationFailed


@pytest.mark.parametrize(
    "text",
    [
        "2022-05-23T03:00:36{}",
        "2022-05-23 03:00{}",
        "2022-05-23T03:00:36.277{}",
        "2022-05-23T00:00{}..2022-05-24T00:00{}",
        "2022-05-23..2022-05-24T00:00{}",
    ],
)
def test_the_plus_of_an_offset_may_be_unencoded(text: str) -> None:
    for offset in ("05:30", "0530", "05"):
        assert periods.parse(text.replace("{}", f" {offset}"), "/sentTime") == periods.parse(
            text.replace("{}", f"+{offset}"), "/sentTime"
        )


@pytest.mark.parametrize("text", ["2022-05-23 03:00", "2022-05-23 03:00:36"])
def test_a_space_before_the_time_is_no_offset(text: str) -> None:
    assert periods.parse(text, "/sentTime") == periods.parse(text.replace(" ", "T") + "Z", "/sentTime")


@pytest.mark.parametrize(
    "text", ["2022-05-23 05:00 05:00 05:00", "2022-05-23T03:00:36 Z5", "2022-05-23 05:00 5", "2022-05-23 T05:00"]
)
def test_other_spaces_are_refused(text: str) -> None:
    with pytest.raises(ValidationFailed):
        periods.parse(text, "/sentTime")
