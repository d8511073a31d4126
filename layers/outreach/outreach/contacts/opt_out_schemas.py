"""Request and response bodies of opt-outs (docs/api.md, "Opt-outs")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator

from outreach import phone_numbers, wire
from outreach.consent.opt_outs import OptOut, OptOutChange, Source

NO_NUMBER = "must be a number in E.164 form such as +12125551234; the + may be left out"


def _read_number(value: Any) -> str:
    number = phone_numbers.read_international(str(value))
    if number is None:
        raise ValueError(NO_NUMBER)
    return number


# The number to opt out, in a path.
Number = Annotated[str, BeforeValidator(_read_number)]


class OptOutBody(wire.Request):
    """The reason of an opt-out, for its history."""

    reason: Annotated[str | None, BeforeValidator(wire.none_if_blank)] = None


class OptOutChangeResponse(wire.Response):
    time: str
    is_opted_out: bool
    source: Source
    reason: str | None


class OptOutResponse(wire.Response):
    number: str
    is_opted_out: bool
    since: str
    source: Source
    history: list[OptOutChangeResponse]

    @classmethod
    def of(cls, opt_out: OptOut, history: Sequence[OptOutChange]) -> OptOutResponse:
        changes = [OptOutChangeResponse(**vars(change)) for change in history]
        return cls(**{name: getattr(opt_out, name) for name in cls.model_fields if name != "history"}, history=changes)


class OptedOutNumberResponse(wire.Response):
    number: str
    since: str
    source: Source
    contact_id: str | None


class OptOutsResponse(wire.PagedResponse):
    opt_outs: list[OptedOutNumberResponse]
