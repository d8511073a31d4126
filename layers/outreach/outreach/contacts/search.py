"""Finding contacts: scans of the shards with a predicate, the ordered list without one, lookups by identity, and totals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import orjson

from outreach import aws, bounds
from outreach.contacts import counting, found, identities, ordering, store
from outreach.contacts.conditions import Predicate
from outreach.contacts.documents import Document, document_of, scan_pk
from outreach.contacts.fields import Schema
from outreach.contacts.models import Contact, Identity, IdentityType
from outreach.settings import settings

_LOADED_AT_ONCE = 1600

_SORT_KEYS: dict[str, Callable[[Document], str]] = {
    "id": lambda document: document["id"],
    "name": lambda document: document["name"].casefold(),
    "firstName": lambda document: document.get("firstName", "").casefold(),
    "lastName": lambda document: document.get("lastName", "").casefold(),
    "createTime": lambda document: document["createTime"],
    "lastUpdatedTime": lambda document: document["lastUpdatedTime"],
    "mergeToContactId": lambda document: "",
}
SORTABLE = tuple(_SORT_KEYS)


@dataclass(frozen=True)
class Sort:
    """The order of a list; ties are broken by id."""

    by: str = "createTime"
    descending: bool = False


def find(
    site_id: str,
    window: slice,
    sort: Sort,
    predicate: Predicate | None = None,
    *,
    asked: Sequence[Any] = (),
    deadline: float | None = None,
) -> tuple[list[Contact], int]:
    """A part of the site's contacts, and how many there are in all.

    Without a predicate and in the order of creation it reads keys near the window; else every document, unless somebody has just
    done so for another part of the same list.

    Args:
        asked: tells the predicate from others; of JSON's types.
        deadline: until when (see ``time.monotonic``).

    Raises:
        TooSlow: the deadline has come, or will before the answer is written.
    """
    if predicate is None and sort.by == "createTime":
        return _find_in_order(site_id, window, sort.descending, deadline)
    name = found.name([asked, sort.by, sort.descending])
    kept = found.part(site_id, name, window) if window.start else None
    if kept is None:
        whole = [contact_id for _, contact_id in _sorted_rows(site_id, sort, predicate or (lambda document: True), deadline)]
        kept = whole[window], len(whole)
        if len(whole[window]) < len(whole):
            found.keep(site_id, name, whole)
    ids, count = kept
    return _load(site_id, ids, deadline), count


def _find_in_order(site_id: str, window: slice, descending: bool, deadline: float | None) -> tuple[list[Contact], int]:
    shards = counting.read(site_id)
    ids, count = ordering.ids(site_id, window, shards, descending=descending), sum(blocks.total for blocks in shards)
    if window.stop is None:
        count = len(ids)
    elif ids:
        count = max(count, window.start + len(ids))  # the counters lag
    return _load(site_id, ids, deadline), count


def matching(site_id: str, shard: int, predicate: Predicate, deadline: float | None = None) -> Iterator[Document]:
    """The documents (with ``id``) of a shard's live contacts for which the predicate holds, by id; reads the whole shard.

    Raises:
        TooSlow: the deadline has come.
    """
    query = aws.dynamodb_in_bulk().get_paginator("query")
    pages = query.paginate(
        TableName=settings().contacts_table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": scan_pk(site_id, shard)}},
        ProjectionExpression="sk, document, merged_to",
    )
    for page in pages:
        bounds.require_time(deadline)
        for item in page["Items"]:
            if "merged_to" in item:
                continue
            document = orjson.loads(item["document"]["S"])
            document["id"] = item["sk"]["S"]
            if predicate(document):
                yield document


def matching_ids(site_id: str, shards: Iterable[int], predicate: Predicate) -> Iterator[str]:
    """The ids of the matching contacts of some shards, shard after shard, with flat memory."""
    for shard in shards:
        for document in matching(site_id, shard, predicate):
            yield document["id"]


def has_keyword(keyword: str) -> Predicate:
    """Whether name, an identity's id or an identity's value contains the keyword, in any case."""
    wanted = keyword.casefold()

    def contains(document: Document) -> bool:
        return wanted in document["name"].casefold() or any(
            wanted in identity["id"] or wanted in identity["value"].casefold() for identity in document["identities"]
        )

    return contains


def has_identity(type_: IdentityType) -> Predicate:
    """Whether the contact has a live identity of the type."""
    return lambda document: any(identity["type"] == type_ and "isDeleted" not in identity for identity in document["identities"])


def by_identity(schema: Schema, value: str, type_: IdentityType | None = None) -> list[tuple[Contact, Identity]]:
    """The contacts with exactly that identity (normalised), of one type or of any, as of now."""
    marks = []
    for candidate in [type_] if type_ else IdentityType:
        try:
            marks.append((candidate, identities.normalise(candidate, value, schema.region)[1]))
        except ValueError:
            continue  # no value of this type, so nobody can have it
    return sorted(store.find_by_marks(schema.site_id, marks), key=lambda found: found[1].id)


def sorted_window(contacts: Iterable[Contact], window: slice, sort: Sort) -> list[Contact]:
    """Contacts that are at hand already, in order."""
    key = _SORT_KEYS[sort.by]
    ordered = sorted(contacts, key=lambda contact: (key(document_of(contact)), contact.id), reverse=sort.descending)
    return ordered[window]


def _sorted_rows(site_id: str, sort: Sort, predicate: Predicate, deadline: float | None) -> list[tuple[str, str]]:
    key = _SORT_KEYS[sort.by]

    def scan(shard: int) -> list[tuple[str, str]]:
        return [(key(document), document["id"]) for document in matching(site_id, shard, predicate, deadline)]

    with ThreadPoolExecutor(settings().contact_shards) as pool:
        parts = pool.map(scan, range(settings().contact_shards))
        return sorted((row for part in parts for row in part), reverse=sort.descending)


def _load(site_id: str, contact_ids: Sequence[str], deadline: float | None) -> list[Contact]:
    """The contacts in the order of their ids; one that vanished meanwhile is left out."""
    contacts: dict[str, Contact] = {}
    for part in bounds.portions(contact_ids, _LOADED_AT_ONCE, deadline):
        contacts |= store.get_many(site_id, part)
    return [contacts[contact_id] for contact_id in contact_ids if contact_id in contacts]
