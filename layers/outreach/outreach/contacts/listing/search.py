"""Finds contacts: pages of all contacts or of those that match a predicate, and lookups by identity."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import Any

import orjson

from outreach import dynamo, phone_numbers, text
from outreach.contacts import contact_store, identities, opt_out_status
from outreach.contacts.contact_documents import Document, document_of, scan_pk
from outreach.contacts.fields import SiteFields
from outreach.contacts.filters.combination import all_of
from outreach.contacts.filters.conditions import Predicate
from outreach.contacts.identity_uniqueness import IdentityKey
from outreach.contacts.listing import contact_counts, creation_order, search_cache
from outreach.contacts.models import Contact, Identity, IdentityType
from outreach.contacts.opt_out_status import IS_OPTED_OUT, OptedOutNumbers
from outreach.http import limits, sort_keys
from outreach.settings import settings

_LOAD_CHUNK = 1600
_ADDRESSES = (IdentityType.EMAIL, *identities.PHONE_NUMBERS)
_LOST_PLUS = re.compile(r" \d")


@dataclass(frozen=True)
class Sort:
    """The order of a list: by a scalar property of :class:`ContactResponse`, then by id."""

    by: str = "createTime"
    descending: bool = False

    def key(self, document: Document) -> Any:
        """Return what a contact is sorted by. Documents name their values like the properties of responses."""
        return sort_keys.comparable(document.get(self.by))

    @property
    def needs_opt_outs(self) -> bool:
        return self.by == IS_OPTED_OUT


def find(
    site_id: str,
    page: slice,
    sort: Sort,
    predicates: Sequence[Predicate] = (),
    predicate_key: Sequence[Any] = (),
    deadline: float | None = None,
    enforce_search_limit: Callable[[], None] = lambda: None,
) -> tuple[list[Contact], int]:
    """Return a page of a site's contacts, and the total number of contacts in the list.

    Without predicates and in creation order, it reads only keys around the page. Otherwise it reads every document, unless the
    ids of the list are cached because another page was requested before.

    Args:
        page: the positions of the page in the list, from 0.
        predicates: the contacts of the list match all of them.
        predicate_key: JSON values that distinguish the predicates from others.
        deadline: see :func:`outreach.http.limits.require_time_left`.
        enforce_search_limit: called before all documents are read; raises if the site searches too often.

    Raises:
        DeadlineExceeded: the response cannot be ready by the deadline.
    """
    if not predicates and sort.by == "createTime":
        return _find_in_creation_order(site_id, page, sort.descending, deadline)
    cache_key = search_cache.cache_key([predicate_key, sort.by, sort.descending])
    cached = search_cache.read(site_id, cache_key, page) if page.start else None
    if cached:
        ids, total = cached
        return _load(site_id, ids, deadline), total
    enforce_search_limit()
    all_ids = [contact_id for _, contact_id in _sorted_rows(site_id, sort, all_of(predicates), deadline)]
    ids = all_ids[page]
    if len(ids) < len(all_ids):
        search_cache.store(site_id, cache_key, all_ids)
    return _load(site_id, ids, deadline), len(all_ids)


def _find_in_creation_order(site_id: str, page: slice, descending: bool, deadline: float | None) -> tuple[list[Contact], int]:
    shards = contact_counts.order_indexes(site_id)
    ids = creation_order.ids(site_id, page, shards, descending=descending)
    total = sum(shard.total for shard in shards)
    if page.stop is None:
        total = len(ids)
    elif ids:
        total = max(total, page.start + len(ids))  # the counters may lag
    return _load(site_id, ids, deadline), total


def all_matching_documents(site_id: str, predicate: Predicate) -> Iterator[Document]:
    """Yield the documents (with ``id``) of a site's live contacts that match a predicate.

    The shards are read side by side, one page of each ahead, so that the caller does not wait and memory is bounded.
    """
    shards = [_matching_pages(site_id, shard, predicate) for shard in range(settings().contact_shards)]
    with ThreadPoolExecutor(len(shards)) as pool:
        ahead = deque((pages, pool.submit(next, pages, None)) for pages in shards)
        while ahead:
            pages, future = ahead.popleft()
            documents = future.result()
            if documents is not None:
                ahead.append((pages, pool.submit(next, pages, None)))
                yield from documents


def matching_documents(site_id: str, shard: int, predicate: Predicate, deadline: float | None = None) -> Iterator[Document]:
    """Yield the documents (with ``id``) of a shard's live contacts that match a predicate, by id. Reads the whole shard.

    Raises:
        DeadlineExceeded: the deadline has passed.
    """
    return chain.from_iterable(_matching_pages(site_id, shard, predicate, deadline))


def _matching_pages(site_id: str, shard: int, predicate: Predicate, deadline: float | None = None) -> Iterator[list[Document]]:
    pages = dynamo.query_raw(
        settings().contacts_table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": scan_pk(site_id, shard)},
        ProjectionExpression="sk, document, merged_to",
    )
    for page in pages:
        limits.require_time_left(deadline)
        documents = [_document(item) for item in page if "merged_to" not in item]
        yield list(filter(predicate, documents))


def _document(item: Mapping[str, Any]) -> Document:
    document: Document = orjson.loads(item["document"]["S"])
    document["id"] = item["sk"]["S"]
    return document


def matching_ids(site_id: str, shards: Iterable[int], predicate: Predicate, deadline: float | None = None) -> Iterator[str]:
    """Yield the ids of the contacts in some shards that match a predicate, one shard after the other. Memory use is constant.

    Raises:
        DeadlineExceeded: the deadline has passed.
    """
    for shard in shards:
        for document in matching_documents(site_id, shard, predicate, deadline):
            yield document["id"]


def keyword_predicates(keywords: str, region: str) -> list[Predicate]:
    """Return what ``keywords`` select: nothing else than :func:`has_keyword`, or everything if they are blank."""
    return [has_keyword(keywords, region)] if text.normalise(keywords) else []


def has_keyword(keyword: str, region: str) -> Predicate:
    """Match contacts whose name, or an identity's id or value, contains a keyword, compared as text; a number also as a number.

    An address is also found by a keyword that is the whole address in another spelling, such as ``mailto:tom@example.com``.

    Args:
        region: ISO 3166 code of the country in which national phone numbers are read.
    """
    key = text.comparison_key(keyword)
    fold, has_part = text.folding_for(key), phone_numbers.has_part(keyword, region)
    addresses = dict(_identity_keys(keyword, _ADDRESSES, region))

    def is_in(identity: Mapping[str, Any]) -> bool:
        value, type_ = identity["value"], identity["type"]
        if key in identity["id"] or key in fold(value) or (type_ in identities.PHONE_NUMBERS and has_part(value)):
            return True
        return type_ in addresses and addresses[type_] == (identity.get("normal") or value)

    def matches(document: Document) -> bool:
        return key in fold(document["name"]) or any(map(is_in, document["identities"]))

    return matches


def has_identity(type_: IdentityType) -> Predicate:
    """Match contacts that have a live identity of a type."""
    return lambda document: any(identity["type"] == type_ and "isDeleted" not in identity for identity in document["identities"])


def find_by_identity(site_fields: SiteFields, value: str, type_: IdentityType | None = None) -> list[tuple[Contact, Identity]]:
    """Return the contacts that have exactly this identity after normalisation, of one type or of any. Reads consistently.

    Digits after a space may have had a ``+`` that was not encoded in the query string; they are looked up with it, too.
    """
    spellings = (value, f"+{value.lstrip()}") if _LOST_PLUS.match(value) else (value,)
    types = [type_] if type_ else IdentityType
    identity_keys = [key for spelling in spellings for key in _identity_keys(spelling, types, site_fields.region)]
    matches = contact_store.find_by_identities(site_fields.site_id, identity_keys)
    return sorted(matches, key=lambda match: match[1].id)


def _identity_keys(value: str, types: Iterable[IdentityType], region: str) -> Iterator[IdentityKey]:
    """Yield the identity keys of a value, for those of the types whose identities may have it."""
    for type_ in types:
        with suppress(ValueError):
            yield type_, identities.normalise(type_, value, region)[1]


def sorted_page(site_id: str, contacts: Iterable[Contact], page: slice, sort: Sort) -> list[Contact]:
    """Return a page of contacts that are loaded already."""
    by_id = {contact.id: contact for contact in contacts}
    documents = list(map(document_of, by_id.values()))
    if sort.needs_opt_outs:
        opt_out_status.add_to(site_id, documents)
    ordered = sorted(((sort.key(document), document["id"]) for document in documents), reverse=sort.descending)
    return [by_id[contact_id] for _, contact_id in ordered[page]]


def _sorted_rows(site_id: str, sort: Sort, predicate: Predicate, deadline: float | None) -> list[tuple[Any, str]]:
    """Return the sort key and the id of each contact that matches a predicate, sorted."""
    opted_out = OptedOutNumbers(site_id)

    def row(document: Document) -> tuple[Any, str]:
        if sort.needs_opt_outs:
            document[IS_OPTED_OUT] = opted_out.is_opted_out(document)
        return sort.key(document), document["id"]

    def scan(shard: int) -> list[tuple[Any, str]]:
        return list(map(row, matching_documents(site_id, shard, predicate, deadline)))

    with ThreadPoolExecutor(settings().contact_shards) as pool:
        rows_by_shard = pool.map(scan, range(settings().contact_shards))
        return sorted((row for rows in rows_by_shard for row in rows), reverse=sort.descending)


def _load(site_id: str, contact_ids: Sequence[str], deadline: float | None) -> list[Contact]:
    """Return the contacts in the order of their ids, without those that were deleted."""
    contacts: dict[str, Contact] = {}
    for chunk in limits.chunks_within_limits(contact_ids, _LOAD_CHUNK, deadline):
        contacts |= contact_store.get_many(site_id, chunk)
    return [contacts[contact_id] for contact_id in contact_ids if contact_id in contacts]
