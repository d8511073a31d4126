"""The two ways to ask for contacts, ``GET /contact/contacts`` and ``contacts:query``, and their answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from outreach import wire
from outreach.contacts import filters, optouts, search
from outreach.contacts.bodies import ContactResponse, read_identity_type
from outreach.contacts.conditions import Predicate
from outreach.contacts.documents import document_of
from outreach.contacts.fields import Schema
from outreach.contacts.filter_bodies import QueryFilterBody
from outreach.contacts.models import Contact, IdentityType
from outreach.contacts.search import SORTABLE, Sort
from outreach.http.paging import MAX_PAGE_SIZE

Direction = Annotated[Literal["asc", "desc"], BeforeValidator(wire.one_of("asc", "desc"))]
SortBy = Annotated[str, BeforeValidator(wire.one_of(*SORTABLE)), WithJsonSchema({"type": "string", "enum": SORTABLE})]
OptionalIdentityType = Annotated[IdentityType | None, BeforeValidator(lambda value: read_identity_type(value) if value else None)]


class QueryBody(QueryFilterBody):
    """The body of ``contacts:query``; paging and sorting in the query string win over it."""

    page_index: Annotated[wire.Integer, Field(ge=1)] = 1
    page_size: Annotated[wire.Integer, Field(ge=0, le=MAX_PAGE_SIZE)] = 10
    sort_by: SortBy = "createTime"
    sort_order: Direction = "asc"
    keywords: str | None = None


class ContactList(wire.PagedResponse):
    contacts: list[ContactResponse]

    @classmethod
    def of(cls, contacts: Sequence[Contact], schema: Schema, links: dict[str, Any]) -> ContactList:
        opted_out = optouts.of_contacts(schema.site_id, contacts, consistent=False)
        return cls(contacts=[ContactResponse.of(contact, schema, opted_out) for contact in contacts], **links)


@dataclass(frozen=True)
class Wanted:
    """What a list is narrowed down to; empty is everything."""

    keywords: str = ""
    identity_type: IdentityType | None = None
    identity_value: str = ""


def contacts(
    schema: Schema, wanted: Wanted, window: slice, sort: Sort, deadline: float | None = None
) -> tuple[list[Contact], int]:
    """The contacts at the places of ``window``, and how many there are in all.

    Raises:
        TooSlow: the deadline has come (see :func:`outreach.contacts.search.find`).
    """
    if wanted.identity_value:
        found = [contact for contact, _ in search.by_identity(schema, wanted.identity_value, wanted.identity_type)]
        matching = [contact for contact in _distinct(found) if _every(_keyword(wanted.keywords))(document_of(contact))]
        return search.sorted_window(matching, window, sort), len(matching)
    tests = _keyword(wanted.keywords)
    if wanted.identity_type:
        tests.append(search.has_identity(wanted.identity_type))
    asked = ["list", wanted.keywords, wanted.identity_type]
    return search.find(schema.site_id, window, sort, _every(tests) if tests else None, asked=asked, deadline=deadline)


def query(schema: Schema, body: QueryBody, window: slice, sort: Sort, deadline: float | None = None) -> tuple[list[Contact], int]:
    """The contacts that a filter and keywords leave, at the places of ``window``, and how many there are in all.

    Raises:
        ValidationFailed: the filter is wrong.
        TooSlow: the deadline has come (see :func:`outreach.contacts.search.find`).
    """
    wanted = body.filter()
    tests = [filters.compile(wanted, schema)] if wanted.conditions or wanted.expression else []
    tests += _keyword(body.keywords or "")
    conditions = [(condition.field_name, condition.operator, condition.value, condition.order) for condition in wanted.conditions]
    asked = ["query", schema.version, body.keywords, wanted.match, wanted.expression, conditions]
    return search.find(schema.site_id, window, sort, _every(tests) if tests else None, asked=asked, deadline=deadline)


def _keyword(keywords: str) -> list[Predicate]:
    return [search.has_keyword(keywords.strip())] if keywords.strip() else []


def _every(tests: list[Predicate]) -> Predicate:
    return lambda document: all(test(document) for test in tests)


def _distinct(found: Iterable[Contact]) -> Iterable[Contact]:
    return {contact.id: contact for contact in found}.values()
