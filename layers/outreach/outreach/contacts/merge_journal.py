"""Journals of merges, in the contacts table: what a merge changed, so that it can be reversed for 30 days.

===============================  =========  ==========================================================================
pk                               sk         item
===============================  =========  ==========================================================================
``SITE#<site>#MERGE#<merged>``   ``MERGE``  ``merged_to``, the ``time``, the merged contact as it was, and the keys of
                                            the ``filled`` fields; ``expires`` deletes it
===============================  =========  ==========================================================================

The transaction that merges two contacts also writes the journal.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from outreach import clock, dynamo
from outreach.contacts.contact_documents import contact_of, item_of
from outreach.contacts.identity_uniqueness import Action
from outreach.contacts.models import Contact, FieldKey
from outreach.settings import settings

RETENTION = timedelta(days=30)


@dataclass(frozen=True)
class MergeJournal:
    """What a merge changed.

    Attributes:
        merged_to: the contact that received the other one.
        time: when the contacts were merged.
        other: the contact that was merged, as it was before.
        filled: the fields of the receiving contact that were empty and got the other contact's values.
    """

    merged_to: str
    time: str
    other: Contact
    filled: tuple[FieldKey, ...]

    @property
    def is_expired(self) -> bool:
        return clock.now() - clock.from_timestamp(self.time) > RETENTION


def write_action(target: Contact, other: Contact, time: str) -> Action:
    """Return the action that writes the journal of a merge of ``other`` into ``target``."""
    now = clock.from_timestamp(time)
    item = {
        **_key(other.site_id, other.id),
        "merged_to": target.id,
        "time": time,
        "other": {name: value for name, value in item_of(other, settings().contact_shards).items() if value is not None},
        "filled": sorted(other.values.keys() - target.values.keys()),
        "expires": int((now + RETENTION + timedelta(days=1)).timestamp()),
    }
    return {"Put": {"TableName": settings().contacts_table, "Item": dynamo.to_item(item)}}


def delete_action(site_id: str, other_id: str) -> Action:
    """Return the action that deletes a journal."""
    return {"Delete": {"TableName": settings().contacts_table, "Key": dynamo.to_item(_key(site_id, other_id))}}


def find(site_id: str, other_id: str) -> MergeJournal | None:
    """Return the journal of the merge of a contact; ``None`` if there is none, or it has expired."""
    item = dynamo.get(settings().contacts_table, _key(site_id, other_id), consistent=True)
    journal = _journal(site_id, item) if item else None
    return None if journal is None or journal.is_expired else journal


def delete(site_id: str, other_id: str) -> None:
    """Delete a journal, if there is one."""
    dynamo.delete(settings().contacts_table, _key(site_id, other_id))


def _journal(site_id: str, item: dict[str, Any]) -> MergeJournal:
    return MergeJournal(item["merged_to"], item["time"], contact_of(site_id, item["other"]), tuple(map(FieldKey, item["filled"])))


def _key(site_id: str, other_id: str) -> dict[str, str]:
    return {"pk": f"SITE#{site_id}#MERGE#{other_id}", "sk": "MERGE"}
