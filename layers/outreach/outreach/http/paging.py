"""Paged lists: ``pageIndex``, ``pageSize``, and links that keep every query parameter (docs/api.md, "Lists")."""

from __future__ import annotations

import builtins
import math
import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin
from urllib.parse import urlencode

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BaseModel, BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.alias_generators import to_snake
from pydantic.fields import FieldInfo

from outreach import parsing, wire
from outreach.http import limits
from outreach.http.api import caller
from outreach.http.request import base_url, canonical_path
from outreach.http.sort_keys import comparable

T = TypeVar("T")

MAX_PAGE_SIZE = 500

# No list is so long that it has this page, so it stands for all behind it.
_LAST_INDEX = 10**9
_BEHIND_LAST_INDEX = re.compile(r"\s*\+?[0-9]{10,}(\.0+)?\s*")


def parse_page_index(value: Any) -> int:
    """Parse an integer of any size. A page past the end of every list is as empty as any other past the end.

    Raises:
        ValueError: the value is not an integer.
    """
    return _LAST_INDEX if _BEHIND_LAST_INDEX.fullmatch(str(value)) else parsing.parse_integer(value)


PageNumber = Annotated[int, BeforeValidator(parse_page_index)]
PageIndex = Annotated[PageNumber, Query(alias="pageIndex", ge=1)]
PageSize = Annotated[int, BeforeValidator(parsing.parse_integer), Query(alias="pageSize", ge=0, le=MAX_PAGE_SIZE)]
SortOrder = Annotated[Literal["asc", "desc"], BeforeValidator(wire.one_of("asc", "desc")), Query(alias="sortOrder")]


@dataclass(frozen=True)
class Page:
    """The requested part of a list.

    Attributes:
        index: counted from 1.
        size: entries on a page; 0 for the whole list.
    """

    index: int = 1
    size: int = 10

    @property
    def slice(self) -> builtins.slice:
        """The page as a slice of the whole list."""
        if not self.size:
            return builtins.slice(None)
        return builtins.slice((self.index - 1) * self.size, self.index * self.size)


def page(app: APIGatewayRestResolver, index: int, size: int) -> Page:
    """Return the page that a request asks for.

    Raises:
        TooManyRequests: the site requests whole lists too often.
    """
    if size == 0:
        caller(app).enforce_rate_limit("list")
    return Page(index, size)


@dataclass(frozen=True)
class SortBy:
    """The annotation of a parameter ``sortBy``: it takes the name of every scalar property of a list's model, in any case.

    Attributes:
        model: the response model of the list's entries.
        others: further properties by which the list can be sorted.
    """

    model: type[BaseModel]
    others: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The properties as JSON names them."""
        scalars = (str(field.alias) for field in self.model.model_fields.values() if _is_scalar(field.annotation))
        return (*self.others, *scalars)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        return BeforeValidator(wire.one_of(*self.names)).__get_pydantic_core_schema__(source, handler)

    def __get_pydantic_json_schema__(self, _: Any, __: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.names)}


def _is_scalar(annotation: Any) -> bool:
    """Return whether every value of a type has an order: texts, numbers, booleans and times, or ``None``."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _is_scalar(arguments[0])
    if origin is Literal:
        return True
    if origin in (Union, UnionType):
        return all(map(_is_scalar, arguments))
    return isinstance(annotation, type) and issubclass(annotation, str | int | float | datetime | NoneType)


def sort(entries: Iterable[T], sort_by: str, sort_order: str, shown: Callable[[T], object] = lambda entry: entry) -> list[T]:
    """Sort by a property, then by ``id``; see :func:`sort_key`.

    Args:
        sort_by: the property as JSON names it.
        sort_order: ``asc`` or ``desc``.
        shown: returns the response for an entry, which has the property.
    """
    key = sort_key(sort_by)
    ordered = sorted(entries, key=lambda entry: key(shown(entry)))
    return ordered[::-1] if sort_order == "desc" else ordered


def sort_key(sort_by: str) -> Callable[[object], tuple[tuple[Any, ...], str]]:
    """Return the key function of :func:`sort`. The last item of a key is the entry's id, if it has one."""

    def key(entry: object) -> tuple[tuple[Any, ...], str]:
        identifier = str(getattr(entry, "id", None) or getattr(entry, "contact_id", ""))
        entry_type: Any = type(entry)
        return comparable(getattr(entry, _attribute(entry_type, sort_by))), identifier

    return key


@cache
def _attribute(entry_type: Hashable, name: str) -> str:
    """Return the attribute that JSON calls ``name``."""
    fields: Mapping[str, FieldInfo] = getattr(entry_type, "model_fields", {})
    return next((attribute for attribute, field in fields.items() if field.alias == name), to_snake(name))


def links(event: Mapping[str, Any], site_id: str, page: Page, total: int) -> dict[str, Any]:
    """Return ``previous_page``, ``next_page`` and ``total`` of the response to ``event``.

    Raises:
        ValidationFailed: the whole list was requested, and is too long for a response.
    """
    if not page.size:
        limits.require_allowed_size(total)
    last = max(1, math.ceil(total / page.size)) if page.size else 1
    return {
        "previous_page": _link(event, site_id, min(page.index - 1, last)) if page.index > 1 and page.size else None,
        "next_page": _link(event, site_id, page.index + 1) if page.index < last else None,
        "total": total,
    }


def _link(event: Mapping[str, Any], site_id: str, index: int) -> str:
    parameters = event.get("multiValueQueryStringParameters") or {}
    others = [
        (name, value) for name, values in parameters.items() if name.lower() not in ("pageindex", "siteid") for value in values
    ]
    query = urlencode([*others, ("pageIndex", index), ("siteId", site_id)])
    return f"{base_url(event)}{canonical_path(event)}?{query}"
