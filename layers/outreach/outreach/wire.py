"""How values travel: read tolerantly, write one way (contract, JSON conventions).

``Request``, ``Response`` and ``PagedResponse`` are the bases of every body; the annotated types below are the vocabulary of
their fields.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, PlainSerializer, model_validator
from pydantic.alias_generators import to_camel

from outreach import clock
from outreach.parsing import parse_flag, parse_guid, parse_integer, parse_moment, parse_url

NIL_GUID = "00000000-0000-0000-0000-000000000000"


class Request(BaseModel):
    """A body as clients send it: property names in any case, known aliases, unknown properties ignored."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        extra="ignore",
        frozen=True,
        defer_build=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _fold_property_names(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        spellings = _spellings(cls)
        return {spellings[key.lower()]: value for key, value in data.items() if key.lower() in spellings}


class Response(BaseModel):
    """A body as we write it: camelCase, every property present."""

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, serialize_by_alias=True, frozen=True, defer_build=True
    )


class PagedResponse(Response):
    """The tail of every list."""

    previous_page: str | None
    next_page: str | None
    total: int


@cache
def _spellings(model: type[BaseModel]) -> dict[str, str]:
    """Every accepted spelling of a property, lower-cased → the one that we write, so that errors point at it."""
    spellings: dict[str, str] = {}
    for name, field in model.model_fields.items():
        alias = field.validation_alias
        choices = [str(choice) for choice in (alias.choices if isinstance(alias, AliasChoices) else [alias or name])]
        spellings |= {spelling.lower(): choices[0] for spelling in [name, *choices]}
    return spellings


def one_of(*spellings: str) -> Callable[[Any], str]:
    """A validator for an enumeration: matched without regard to case and spaces, written as spelled here."""
    by_folded = {spelling.replace(" ", "").lower(): spelling for spelling in spellings}

    def validate(value: Any) -> str:
        try:
            return by_folded["".join(str(value).split()).lower()]
        except KeyError as error:
            raise ValueError(f"must be one of {', '.join(spellings)}") from error

    return validate


def none_if_blank(value: Any) -> Any:
    """``""`` stands for "none" in an optional property."""
    return None if isinstance(value, str) and not value.strip() else value


Guid = Annotated[str, BeforeValidator(parse_guid)]
Flag = Annotated[bool, BeforeValidator(parse_flag)]
Integer = Annotated[int, BeforeValidator(parse_integer)]
Url = Annotated[str, BeforeValidator(parse_url)]
OptionalUrl = Annotated[str | None, BeforeValidator(lambda value: (url := none_if_blank(value)) and parse_url(url))]
Moment = Annotated[datetime, PlainSerializer(clock.timestamp, return_type=str)]
OptionalMoment = Annotated[
    datetime | None,
    BeforeValidator(parse_moment),
    PlainSerializer(lambda moment: moment and clock.timestamp(moment), return_type=str | None),
]
