"""Merges two contacts, and reverses a merge."""

from __future__ import annotations

from dataclasses import replace

from outreach import clock
from outreach.contacts import contact_store, merge_journal
from outreach.contacts.contact_store import ContactChange
from outreach.contacts.merge_journal import MergeJournal
from outreach.contacts.models import MAX_IDENTITIES, Contact, Identity, identity_id
from outreach.errors import Conflict, ValidationFailed


def merge(site_id: str, contact_id: str, other_id: str | None) -> None:
    """Merge ``other_id`` into ``contact_id``, in one transaction.

    If either contact is updated between reading and writing, the merge starts again with the updated contact. An update after the
    merge finds a tombstone and is refused.

    Raises:
        ValidationFailed: ``other_id`` is missing or equals ``contact_id``.
        NotFound: one of the contacts does not exist.
        Conflict: one of them was merged already (``merged_contact``), or together they have too many identities
            (``too_many_identities``).
    """
    merged_id = _require_other(contact_id, other_id)

    def attempt() -> None:
        target, other = contact_store.get_live(site_id, contact_id), contact_store.get_live(site_id, merged_id)
        if len(target.identities) + len(other.identities) > MAX_IDENTITIES:
            raise Conflict(
                f"Together the two contacts have more than {MAX_IDENTITIES} identities. Remove some, then merge.",
                code="too_many_identities",
            )
        now = clock.timestamp(clock.now())
        contact_store.commit(
            ContactChange(target, _merged(target, other, now)),
            ContactChange(other, _tombstone(other, target, now)),
            also=[merge_journal.write_action(target, other, now)],
        )

    contact_store.retry_while_stale(attempt)


def unmerge(site_id: str, contact_id: str, other_id: str | None) -> None:
    """Reverse the merge of ``other_id`` into ``contact_id``, in one transaction. Later changes of the latter stay there.

    Raises:
        ValidationFailed: ``other_id`` is missing or equals ``contact_id``.
        NotFound: one of the contacts does not exist.
        Conflict: the other contact is not merged into this one, or not for 30 days at most (``not_merged``); or this one was
            merged into another itself (``merged_contact``).
    """
    merged_id = _require_other(contact_id, other_id)

    def attempt() -> None:
        target, tombstone = contact_store.get_live(site_id, contact_id), contact_store.get(site_id, merged_id)
        journal = merge_journal.find(site_id, merged_id) if tombstone.merged_to == contact_id else None
        if journal is None or journal.merged_to != contact_id:
            raise Conflict(f"Contact {merged_id} was not merged into this one in the last 30 days.", code="not_merged")
        _separate(target, tombstone, journal)

    contact_store.retry_while_stale(attempt)


def _require_other(contact_id: str, other_id: str | None) -> str:
    if other_id is None:
        raise ValidationFailed.at("/contactId", "is required")
    if contact_id == other_id:
        raise ValidationFailed.at("/contactId", "must differ from the contact in the path")
    return other_id


def _separate(target: Contact, tombstone: Contact, journal: MergeJournal) -> None:
    """Write the two contacts of a merge as they are without it.

    An identity that was removed from the target meanwhile returns to the other contact, unless a third one has it now.
    """
    now = clock.timestamp(clock.now())
    remaining = _without_merged(target, journal, now)
    everything = _restored(remaining, tombstone, journal, now)
    moved_keys = {identity.key for identity in target.identities}
    without_removed = replace(everything, identities=tuple(each for each in everything.identities if each.key in moved_keys))
    also = [merge_journal.delete_action(target.site_id, tombstone.id)]
    for restored in (everything, without_removed):
        try:
            contact_store.commit(ContactChange(target, remaining), ContactChange(tombstone, restored), also=also)
        except Conflict as conflict:
            if restored is without_removed or conflict.code != "duplicate_identity":
                raise
        else:
            return


def _without_merged(target: Contact, journal: MergeJournal, now: str) -> Contact:
    """Return the target without what came from the other contact. Identities changed since the merge stay, with new ids."""
    other = journal.other
    original = {identity.id: identity for identity in other.identities}
    kept: list[Identity] = []
    ordinal = target.last_ordinal
    for identity in target.identities:
        if identity.id not in original:
            kept.append(identity)
        elif identity.key != original[identity.id].key:
            ordinal += 1
            kept.append(replace(identity, id=identity_id(target.id, ordinal)))
    filled = {key for key in journal.filled if target.values.get(key) == other.values[key]}
    return replace(
        target,
        values={key: value for key, value in target.values.items() if key not in filled},
        identities=tuple(kept),
        last_ordinal=ordinal,
        merged_ids=tuple(id_ for id_ in target.merged_ids if id_ not in (other.id, *other.merged_ids)),
        last_updated_time=now,
        version=target.version + 1,
    )


def _restored(remaining: Contact, tombstone: Contact, journal: MergeJournal, now: str) -> Contact:
    """Return the other contact as it was, without identities that the target has regained."""
    taken = {identity.key for identity in remaining.live_identities}
    identities = tuple(identity for identity in journal.other.identities if identity.key not in taken or identity.is_deleted)
    return replace(journal.other, identities=identities, last_updated_time=now, version=tombstone.version + 1)


def _merged(target: Contact, other: Contact, now: str) -> Contact:
    return replace(
        target,
        values={**other.values, **target.values},
        identities=target.identities + other.identities,
        merged_ids=(*target.merged_ids, other.id, *other.merged_ids),
        last_updated_time=now,
        version=target.version + 1,
    )


def _tombstone(other: Contact, target: Contact, now: str) -> Contact:
    return replace(other, identities=(), merged_ids=(), merged_to=target.id, last_updated_time=now, version=other.version + 1)
