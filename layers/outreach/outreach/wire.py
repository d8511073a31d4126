"""Base classes and field types of JSON bodies: lenient in requests, uniform in responses (docs/api.md, "JSON and HTTP")."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    PlainSerializer,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from outreach import clock, text
from outreach.errors import MAX_ERRORS
from outreach.parsing import NIL_GUID, is_guid, parse_flag, parse_guid, parse_integer, parse_moment, parse_url

T = TypeVar("T")

# Each unknown name is compared with all known ones.
_MAX_UNKNOWN = 500
# How much an unknown name must have in common with that of a property to count as misspelt (difflib).
SIMILARITY = 0.75
_MISSPELT = "is not a property of a {noun}; did you mean {meant}?"


class Request(BaseModel):
    """The base of request bodies: names in any case, aliases accepted, unknown properties ignored, strings limited."""

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
        documented = spellings(cls)
        # Of a property that is given twice, the last value counts.
        known = {documented[key.lower()]: value for key, value in data.items() if key.lower() in documented}
        absent = _absent_if_null(cls)
        return {name: _normalised(name, value) for name, value in known.items() if value is not None or name not in absent}

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler, /) -> CoreSchema:
        schema = handler(source)
        _constrain_strings(handler.resolve_ref_schema(schema).get("schema"), text.MAX_CHARACTERS)
        return schema


class Response(BaseModel):
    """The base of response bodies: camelCase, every property present."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        serialize_by_alias=True,
        frozen=True,
        defer_build=True,
        json_schema_serialization_defaults_required=True,
    )


class PagedResponse(Response):
    """The base of paged lists."""

    previous_page: str | None
    next_page: str | None
    total: int


# Properties that hold the body of a message, which is written exactly as given.
_MESSAGE_BODIES = ("message", "body")


def _normalised(name: str, value: Any) -> Any:
    """Normalise the text of a property, before its length is measured."""
    if not isinstance(value, str):
        return value
    return text.normalise_body(value) if name in _MESSAGE_BODIES else text.normalise(value)


@cache
def spellings(model: type[BaseModel]) -> dict[str, str]:
    """Map each accepted spelling of a property, in lower case, to the documented one, which errors then point at."""
    documented: dict[str, str] = {}
    for name, field in model.model_fields.items():
        alias = field.validation_alias
        choices = [str(choice) for choice in (alias.choices if isinstance(alias, AliasChoices) else [alias or name])]
        documented |= {spelling.lower(): choices[0] for spelling in [name, *choices]}
    return documented


def refuse_misspelt(model: type[BaseModel], data: Any, meant_property: Callable[[str], str | None], noun: str) -> None:
    """Refuse unknown properties that seem to mean one without which a request would reach more people than it says.

    Other unknown properties are ignored.

    Args:
        data: the body, as it is before its validation.
        meant_property: the documented name that an unknown one, in lower case, seems to mean; ``None`` if it means none.
        noun: what the body describes, for the error.

    Raises:
        ValueError: there are such properties, each with its place; or too many unknown ones to compare.
    """
    documented = spellings(model)
    unknown = [key for key in data if key.lower() not in documented] if isinstance(data, Mapping) else []
    if len(unknown) > _MAX_UNKNOWN:
        raise ValueError(f"must have at most {_MAX_UNKNOWN} unknown properties")
    misspelt = {key: meant for key in unknown if (meant := meant_property(key.lower()))}
    if misspelt:
        errors = [
            InitErrorDetails(
                type=PydanticCustomError("misspelt_property", _MISSPELT, {"noun": noun, "meant": meant}), loc=(key,), input=None
            )
            for key, meant in misspelt.items()
        ]
        raise ValidationError.from_exception_data(noun, errors)


# What a core schema contains in addition to the schemas of its parts.
_NOT_PARTS = frozenset(["metadata", "serialization", "default", "function", "config"])


def _constrain_strings(schema: Any, limit: int | None) -> None:
    """Limit each string of a model's core schema that has no limit, and its characters. Nested models do the same with theirs.

    Args:
        limit: the number of characters; ``None`` within a schema that has a limit of its own.
    """
    if isinstance(schema, list | tuple):
        for part in schema:
            _constrain_strings(part, limit)
    elif isinstance(schema, dict) and schema.get("type") == "model-fields":
        for name, field in schema["fields"].items():
            _constrain_strings(field, text.MAX_NAME if name == "name" else limit)
    elif isinstance(schema, dict) and schema.get("type") != "model":
        limit = None if _is_limited(schema) else limit
        if schema.get("type") == "str":
            string = {**schema, "max_length": limit} if limit else dict(schema)
            schema.clear()
            schema.update(core_schema.no_info_after_validator_function(text.require_text, string))
            return
        for key, part in schema.items():
            if key not in _NOT_PARTS:
                _constrain_strings(part, limit)


def _is_limited(schema: Mapping[str, Any]) -> bool:
    # A limit that follows a validator is a function; it is noted for the JSON schema.
    notes = (schema.get("metadata") or {}).get("pydantic_js_updates") or {}
    return "max_length" in schema or "maxLength" in notes


def limited_strings(limit: int = text.MAX_CHARACTERS) -> AfterValidator:
    """Make a validator for JSON without a model: each string in it is text of at most ``limit`` characters."""

    def validate(value: Any) -> Any:
        found = islice(_string_errors(value, limit), MAX_ERRORS)
        errors = [InitErrorDetails(type=error, loc=place, input=None) for place, error in found]
        if errors:
            raise ValidationError.from_exception_data("json", errors)
        return value

    return AfterValidator(validate)


def _string_errors(
    value: Any, limit: int, place: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], PydanticCustomError]]:
    """Yield the errors of all strings and names of properties in a JSON value, each with its place."""
    if isinstance(value, str) and (error := _string_error(value, limit)):
        yield place, error
    elif isinstance(value, Mapping | list):
        for step, part in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _string_errors(part, limit, (*place, step))
            if isinstance(step, str) and (error := _string_error(step, limit)):
                yield place, error


def _string_error(string: str, limit: int) -> PydanticCustomError | None:
    if len(string) > limit:
        return PydanticCustomError("string_too_long", "must have at most {max_length} characters", {"max_length": limit})
    try:
        text.require_text(string)
    except ValueError as error:
        return PydanticCustomError("string_characters", "{message}", {"message": str(error)})
    return None


def one_of(*spellings: str) -> Callable[[Any], str]:
    """Make a validator for an enumeration. It ignores case and spaces, and returns the spelling given here."""
    by_folded = {spelling.replace(" ", "").lower(): spelling for spelling in spellings}

    def validate(value: Any) -> str:
        try:
            return by_folded["".join(str(value).split()).lower()]
        except KeyError as error:
            raise ValueError(f"must be one of {', '.join(spellings)}") from error

    return validate


def none_if_blank(value: Any) -> Any:
    """Replace blank text, which means ``null`` in an optional property."""
    return None if isinstance(value, str) and not value.strip() else value


def blank_as(default: Any, parse: Callable[[Any], Any] | None = None) -> BeforeValidator:
    """Make a validator of an optional property: ``null`` and blank text mean the default, and ``parse`` reads everything else,
    also ``0``, ``false``, ``[]`` and ``{}``."""

    def validate(value: Any) -> Any:
        if none_if_blank(value) is None:
            return default
        return parse(value) if parse else value

    return BeforeValidator(validate)


class _NullIsAbsent:
    """Marks a property in which ``null`` means that it is absent: an update then leaves it unchanged."""


NULL_IS_ABSENT = _NullIsAbsent()


@cache
def _absent_if_null(model: type[BaseModel]) -> frozenset[str]:
    """Return the documented spellings of the properties of a model that :data:`NULL_IS_ABSENT` marks."""
    documented = spellings(model)
    return frozenset(documented[name.lower()] for name, field in model.model_fields.items() if NULL_IS_ABSENT in field.metadata)


class _NoNull:
    """Rejects ``null`` where a type has ``None`` for an absent property alone."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler, /) -> CoreSchema:
        schema = handler(source)
        return schema["schema"] if schema["type"] == "nullable" else schema


# A property that an update may change but not remove: ``None`` means that it is absent, and ``null`` is an error.
Changeable = Annotated[T | None, _NoNull()]
Guid = Annotated[str, StringConstraints(max_length=len(NIL_GUID)), BeforeValidator(parse_guid)]
# The id of what the body describes, which the API assigns: anything but a GUID counts as absent.
ReadOnlyId = Annotated[Guid | None, BeforeValidator(lambda value: value if is_guid(value) else None)]
# The name of a thing, such as a field, an option or a campaign.
Name = Annotated[str, StringConstraints(max_length=text.MAX_NAME), AfterValidator(text.require_name)]
RequiredName = Annotated[Name, Field(min_length=1), AfterValidator(text.require_visible)]
Flag = Annotated[bool, BeforeValidator(parse_flag)]
Integer = Annotated[int, BeforeValidator(parse_integer)]
Url = Annotated[str, BeforeValidator(parse_url)]
OptionalUrl = Annotated[str | None, blank_as(None, parse_url)]
OptionalMoment = Annotated[
    datetime | None,
    # Cut to what is stored and written, so that a client that repeats its own text changes nothing.
    AfterValidator(lambda moment: moment and moment.replace(microsecond=moment.microsecond // 1000 * 1000)),
    BeforeValidator(parse_moment),
    PlainSerializer(lambda moment: moment and clock.timestamp(moment), return_type=str | None),
]
