"""Opt-outs as the API shows and changes them (docs/api.md, "Opt-outs"). :mod:`outreach.consent` decides and stores them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from outreach import phone_numbers, text
from outreach.consent import opt_outs
from outreach.consent.opt_outs import OptOut, Source
from outreach.contacts import contact_store
from outreach.contacts.models import Contact, IdentityType
from outreach.contacts.opt_out_schemas import NO_NUMBER, OptedOutNumberResponse, OptOutResponse
from outreach.errors import FieldError, NotFound, ValidationFailed
from outreach.http import limits, paging
from outreach.periods import Period

_LOAD_CHUNK = 1600


@dataclass(frozen=True)
class OptOutQuery:
    """The filters of a list; empty ones match every opted-out number. Text that is neither listed nor a number matches none."""

    number: str = ""
    since: Period | None = None


def get(site_id: str, given: str) -> OptOutResponse:
    """Return what is known of a number, with its history.

    Args:
        given: the number as the list shows it, or another spelling of a number in E.164.

    Raises:
        NotFound: the number never opted out.
        ValidationFailed: the text is neither in the list nor a number.
    """
    opt_out = _require(site_id, given)
    return OptOutResponse.of(opt_out, opt_outs.history(site_id, opt_out.number))


def add(site_id: str, number: str, reason: str | None) -> OptOutResponse:
    """Opt a number out, unless it is opted out already; return what is known of it."""
    opt_outs.add(site_id, number, Source.API, reason=reason)
    return get(site_id, number)


def remove(site_id: str, given: str) -> None:
    """Opt a number in again; see :func:`get`.

    Raises:
        NotFound: the number is not opted out.
        ValidationFailed: the text is neither in the list nor a number.
    """
    opt_out = _require(site_id, given)
    if not opt_out.is_opted_out:
        raise NotFound("This number is not opted out.")
    opt_outs.remove(site_id, opt_out.number, Source.API)


def page(
    site_id: str, query: OptOutQuery, sort_by: str, sort_order: str, page_slice: slice, deadline: float | None = None
) -> tuple[list[OptedOutNumberResponse], int]:
    """Return one part of the opted-out numbers that match a query, and the number of all matches.

    Args:
        sort_by: a property of :class:`OptedOutNumberResponse`, by its JSON name.
        page_slice: the part to return.
        deadline: see :func:`outreach.http.limits.require_time_left`.

    Raises:
        DeadlineExceeded: the response cannot be ready by the deadline.
        ValidationFailed: the part has more entries than a response may have.
    """
    matches = sorted(_matches(site_id, query), key=lambda opt_out: opt_out.number)  # the number decides ties
    limits.require_time_left(deadline)
    if sort_by == "contactId":
        return paging.sort(_responses(site_id, matches, deadline), sort_by, sort_order)[page_slice], len(matches)
    return _responses(site_id, paging.sort(matches, sort_by, sort_order)[page_slice], deadline), len(matches)


def _matches(site_id: str, query: OptOutQuery) -> Iterator[OptOut]:
    if query.number:
        found = _find(site_id, query.number, phone_numbers.read_international(query.number))
        candidates: Iterable[OptOut] = [found] if found else []
    else:
        candidates = opt_outs.list_opt_outs(site_id)
    return (entry for entry in candidates if entry.is_opted_out and (query.since is None or entry.since in query.since))


def _require(site_id: str, given: str) -> OptOut:
    number = phone_numbers.read_international(given)
    opt_out = _find(site_id, given, number)
    if opt_out is None and number is None:
        raise ValidationFailed(FieldError("/number", NO_NUMBER))
    if opt_out is None:
        raise NotFound("This number never opted out.")
    return opt_out


def _find(site_id: str, given: str, number: str | None) -> OptOut | None:
    """Return what is known of a text itself, such as a short code or a name, else of the number in E.164 that it is."""
    spellings = (given if len(given) <= text.MAX_NAME else None, number)
    found = (opt_outs.find(site_id, spelling) for spelling in spellings if spelling)
    return next(filter(None, found), None)


def _responses(site_id: str, matches: Sequence[OptOut], deadline: float | None) -> list[OptedOutNumberResponse]:
    contact_ids: dict[str, str] = {}
    for chunk in limits.chunks_within_limits(matches, _LOAD_CHUNK, deadline):
        contact_ids |= _contact_ids(site_id, [opt_out.number for opt_out in chunk])
    return [
        OptedOutNumberResponse(
            number=opt_out.number,
            since=opt_out.since,
            source=opt_out.source,
            contact_id=contact_ids.get(opt_out.number),
        )
        for opt_out in matches
    ]


def _contact_ids(site_id: str, numbers: Collection[str]) -> dict[str, str]:
    """Return the ids of the contacts that have numbers as SMS identities, by number."""
    owners = contact_store.owners(site_id, [(IdentityType.SMS, number) for number in numbers])
    contacts = contact_store.get_many(site_id, set(owners.values()))
    found = {number: _survivor(site_id, owner, contacts.get(owner)) for (_, number), owner in owners.items()}
    return {number: contact.id for number, contact in found.items() if contact and _has(contact, number)}


def _survivor(site_id: str, contact_id: str, contact: Contact | None) -> Contact | None:
    """Return a live contact as it is, and for a tombstone the contact that it leads to."""
    return contact or contact_store.survivor(contact_store.find(site_id, contact_id))


def _has(contact: Contact, number: str) -> bool:
    return (IdentityType.SMS, number) in {identity.key for identity in contact.live_identities}
