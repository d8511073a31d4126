"""Lists by ``pageIndex`` and ``pageSize``, with links that keep every parameter (contract, Lists)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlencode

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BeforeValidator
from pydantic.alias_generators import to_snake

from outreach import parsing, wire
from outreach.http.api import caller
from outreach.http.requests import canonical_path
from outreach.settings import settings

T = TypeVar("T")

MAX_PAGE_SIZE = 500

PageIndex = Annotated[int, BeforeValidator(parsing.parse_integer), Query(alias="pageIndex", ge=1)]
PageSize = Annotated[int, BeforeValidator(parsing.parse_integer), Query(alias="pageSize", ge=0, le=MAX_PAGE_SIZE)]
SortOrder = Annotated[Literal["asc", "desc"], BeforeValidator(wire.one_of("asc", "desc")), Query(alias="sortOrder")]


@dataclass(frozen=True)
class Page:
    """Which part of a list is wanted; ``size`` 0 means all of it."""

    index: int = 1
    size: int = 10

    @property
    def window(self) -> slice:
        """The part of a whole list that this page is."""
        return slice((self.index - 1) * self.size, self.index * self.size) if self.size else slice(None)


def page(app: APIGatewayRestResolver, index: int, size: int) -> Page:
    """The page that a request asks for.

    Raises:
        TooManyRequests: whole lists are asked for too fast.
    """
    if size == 0:
        caller(app).slow_down("list")
    return Page(index, size)


def ordered(things: Iterable[T], sort_by: str, sort_order: str) -> list[T]:
    """Things by one of their attributes (named as on the wire), ties by ``id``; those without a value come first."""
    return sorted(things, key=rank(sort_by), reverse=sort_order == "desc")


def rank(sort_by: str) -> Callable[[object], tuple[bool, Any, str]]:
    """What things are sorted by in :func:`ordered`; the ``id`` comes last."""
    name = to_snake(sort_by)

    def of(thing: object) -> tuple[bool, Any, str]:
        value = getattr(thing, name)
        return value is not None, value if value is not None else "", str(getattr(thing, "id"))  # noqa: B009

    return of


def links(event: Mapping[str, Any], site_id: str, page: Page, total: int) -> dict[str, Any]:
    """``previous_page``, ``next_page`` and ``total`` for the answer to ``event``."""
    last = max(1, -(-total // page.size)) if page.size else 1
    return {
        "previous_page": _link(event, site_id, min(page.index - 1, last)) if page.index > 1 and page.size else None,
        "next_page": _link(event, site_id, page.index + 1) if page.index < last else None,
        "total": total,
    }


def _link(event: Mapping[str, Any], site_id: str, index: int) -> str:
    given = event.get("multiValueQueryStringParameters") or {}
    kept = [(name, value) for name, values in given.items() if name.lower() not in ("pageindex", "siteid") for value in values]
    query = urlencode([*kept, ("pageIndex", index), ("siteId", site_id)])
    return f"{_base_url(event)}{canonical_path(event)}?{query}"


def _base_url(event: Mapping[str, Any]) -> str:
    """The configured address, else the gateway's own, which no function can know before the stack exists."""
    context = event["requestContext"]
    return settings().public_base_url or f"https://{context['domainName']}/{context['stage']}"
