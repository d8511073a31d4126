"""Lists of contacts: ``GET /contact/contacts`` and ``contacts:query`` (docs/api.md, "Lists")."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from outreach import wire
from outreach.contacts import opt_out_status
from outreach.contacts.contact_documents import document_of
from outreach.contacts.fields import SiteFields
from outreach.contacts.filters import compiler
from outreach.contacts.filters.combination import all_of
from outreach.contacts.filters.conditions import Predicate
from outreach.contacts.filters.models import Filter
from outreach.contacts.filters.schemas import QueryFilterBody
from outreach.contacts.listing import search
from outreach.contacts.listing.search import Sort
from outreach.contacts.models import Contact, IdentityType
from outreach.contacts.schemas import ContactResponse
from outreach.http import paging
from outreach.http.paging import MAX_PAGE_SIZE

Direction = Annotated[Literal["asc", "desc"], BeforeValidator(wire.one_of("asc", "desc"))]
SortBy = Annotated[str, paging.SortBy(ContactResponse)]


class QueryBody(QueryFilterBody):
    """The body of ``contacts:query``. Paging and sorting parameters in the query string override it."""

    page_index: Annotated[paging.PageNumber, Field(ge=1), wire.NULL_IS_ABSENT] = 1
    page_size: Annotated[wire.Integer, Field(ge=0, le=MAX_PAGE_SIZE), wire.NULL_IS_ABSENT] = 10
    sort_by: Annotated[SortBy, wire.NULL_IS_ABSENT] = "createTime"
    sort_order: Annotated[Direction, wire.NULL_IS_ABSENT] = "asc"


class ContactList(wire.PagedResponse):
    contacts: list[ContactResponse]

    @classmethod
    def of(cls, contacts: Sequence[Contact], site_fields: SiteFields, links: dict[str, Any]) -> ContactList:
        """Build the response for a page of contacts; see :func:`outreach.http.paging.links`."""
        opted_out = opt_out_status.opted_out_numbers(site_fields.site_id, contacts, consistent=False)
        return cls(contacts=[ContactResponse.of(contact, site_fields, opted_out) for contact in contacts], **links)


@dataclass(frozen=True)
class ContactQuery:
    """The search parameters of ``GET /contact/contacts``. Empty parameters match all contacts."""

    keywords: str = ""
    identity_type: IdentityType | None = None
    identity_value: str = ""


def list_contacts(
    site_fields: SiteFields,
    query: ContactQuery,
    page: slice,
    sort: Sort,
    deadline: float | None = None,
    enforce_search_limit: Callable[[], None] = lambda: None,
) -> tuple[list[Contact], int]:
    """Return a page of the contacts that match a query, and their total number.

    Args:
        enforce_search_limit: see :func:`outreach.contacts.listing.search.find`.

    Raises:
        DeadlineExceeded: see :func:`outreach.contacts.listing.search.find`.
    """
    predicates = search.keyword_predicates(query.keywords, site_fields.region)
    if query.identity_value:
        owners = search.find_by_identity(site_fields, query.identity_value, query.identity_type)
        contacts = {contact.id: contact for contact, _ in owners}.values()
        matches = [contact for contact in contacts if all_of(predicates)(document_of(contact))]
        return search.sorted_page(site_fields.site_id, matches, page, sort), len(matches)
    if query.identity_type:
        predicates.append(search.has_identity(query.identity_type))
    predicate_key = ["list", query.keywords, query.identity_type]
    return search.find(site_fields.site_id, page, sort, predicates, predicate_key, deadline, enforce_search_limit)


def query_contacts(
    site_fields: SiteFields,
    body: QueryBody,
    page: slice,
    sort: Sort,
    deadline: float | None = None,
    enforce_search_limit: Callable[[], None] = lambda: None,
) -> tuple[list[Contact], int]:
    """Return a page of the contacts that match a filter and keywords, and their total number.

    Args:
        enforce_search_limit: see :func:`outreach.contacts.listing.search.find`.

    Raises:
        ValidationFailed: the filter is wrong.
        DeadlineExceeded: see :func:`outreach.contacts.listing.search.find`.
    """
    contact_filter = body.filter()
    predicates = [
        *_filter_predicates(contact_filter, site_fields),
        *search.keyword_predicates(body.keywords or "", site_fields.region),
    ]
    predicate_key = ["query", site_fields.version, body.keywords, *_filter_key(contact_filter)]
    return search.find(site_fields.site_id, page, sort, predicates, predicate_key, deadline, enforce_search_limit)


def _filter_predicates(contact_filter: Filter, site_fields: SiteFields) -> list[Predicate]:
    if contact_filter.conditions or contact_filter.expression:
        return [compiler.compile_filter(contact_filter, site_fields)]
    return []


def _filter_key(contact_filter: Filter) -> list[Any]:
    """Return what distinguishes a filter from others. The ids of conditions do not: they are new in each request."""
    conditions = [
        (condition.field_name, condition.operator, condition.value, condition.order) for condition in contact_filter.conditions
    ]
    return [contact_filter.match, contact_filter.expression, conditions]
