"""Creates, updates and deletes contacts."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from outreach import clock, dynamo
from outreach.contacts import contact_store, validation
from outreach.contacts.contact_store import ContactChange, StaleContact
from outreach.contacts.fields import SiteFields
from outreach.contacts.listing.contact_counts import ContactAllowance
from outreach.contacts.models import Contact, new_contact_id
from outreach.contacts.schemas import ContactBody
from outreach.errors import Conflict, Forbidden, NotFound, ValidationFailed

T = TypeVar("T")

MAX_BATCH_DELETE = 1000


def create(site_fields: SiteFields, body: ContactBody, contact_id: str) -> Contact:
    """Create a contact, or return the contact that already has this id.

    Args:
        contact_id: a UUID; see :func:`outreach.contacts.models.new_contact_id`.

    Raises:
        ValidationFailed: see :mod:`outreach.contacts.validation`.
        Conflict: another contact has one of the identities (``duplicate_identity``).
        Forbidden: the site has reached its limit of contacts (``quota_exceeded``).
    """
    contact = validation.new_contact(site_fields, body, new_contact_id(uuid.UUID(contact_id)), clock.timestamp(clock.now()))
    try:
        ContactAllowance(site_fields.site_id, site_fields.max_contacts).take()
        contact_store.commit(ContactChange(None, contact))
    except (StaleContact, Conflict, Forbidden):
        existing = contact_store.find(site_fields.site_id, contact.id)
        if existing is None:
            raise
        return existing
    return contact


def update(site_fields: SiteFields, contact_id: str, body: ContactBody) -> Contact:
    """Replace the properties that the body contains. A concurrent change is kept: the body is applied to its result.

    Raises:
        NotFound: there is no such contact.
        ValidationFailed: see :mod:`outreach.contacts.validation`.
        Conflict: another contact has one of the identities (``duplicate_identity``), or the contact was merged into another
            (``merged_contact``).
    """

    def attempt() -> Contact:
        before = contact_store.get_live(site_fields.site_id, contact_id)
        after = validation.changed_contact(site_fields, body, before, clock.timestamp(clock.now()))
        contact_store.commit(ContactChange(before, after))
        return after

    return contact_store.retry_while_stale(attempt)


def delete(site_id: str, contact_id: str) -> None:
    """Delete a contact and the tombstones of the contacts that were merged into it.

    Raises:
        NotFound: there is no such contact.
        Conflict: the contact was merged into another (``merged_contact``).
    """

    def attempt() -> None:
        before = contact_store.get_live(site_id, contact_id)
        contact_store.commit(ContactChange(before, None))
        contact_store.delete_tombstones(before)

    contact_store.retry_while_stale(attempt)


def delete_many(site_id: str, contact_ids: Sequence[str]) -> None:
    """Delete contacts. Ids that belong to no contact, or to a tombstone, are ignored.

    Raises:
        ValidationFailed: there are no ids, or more than 1,000.
    """
    if not 1 <= len(contact_ids) <= MAX_BATCH_DELETE:
        raise ValidationFailed.at("/ids", f"must be 1 to {MAX_BATCH_DELETE:,} contact ids")
    contacts = contact_store.get_many(site_id, contact_ids, consistent=True).values()
    for group in _transaction_groups(contacts):
        try:
            contact_store.commit(*(ContactChange(contact, None) for contact in group))
        except StaleContact:
            for contact in group:
                _delete_if_exists(site_id, contact.id)
        else:
            for contact in group:
                contact_store.delete_tombstones(contact)


def _transaction_groups(contacts: Iterable[Contact]) -> Iterator[list[Contact]]:
    """Group contacts so that each group can be deleted in one transaction."""
    group: list[Contact] = []
    group_actions = 0
    for contact in contacts:
        actions = 1 + len(contact.live_identities)
        if group and group_actions + actions > dynamo.MAX_ACTIONS:
            yield group
            group, group_actions = [], 0
        group.append(contact)
        group_actions += actions
    if group:
        yield group


def _delete_if_exists(site_id: str, contact_id: str) -> None:
    try:
        delete(site_id, contact_id)
    except NotFound:
        return
    except Conflict as error:
        if error.code != "merged_contact":
            raise
