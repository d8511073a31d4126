"""The contacts of a site as a dry run would leave them. Nothing is written to the contacts themselves.

What a chunk would change is kept in one S3 object, so that another invocation can go on. In memory, contacts are JSON texts: a
million of them take some hundred megabytes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import orjson

from outreach import s3
from outreach.contacts import contact_store
from outreach.contacts.contact_documents import contact_of, item_of
from outreach.contacts.fields import SiteFields
from outreach.contacts.identity_uniqueness import IdentityKey
from outreach.contacts.listing.contact_counts import ContactAllowance
from outreach.contacts.models import Contact
from outreach.imports import import_objects
from outreach.imports.import_records import ImportRecord
from outreach.settings import settings


@dataclass
class SimulatedContacts:
    """The contacts of a site during a dry run.

    Attributes:
        created: the number of contacts that the import would have created so far.
    """

    site_fields: SiteFields
    record: ImportRecord
    created: int = 0
    _contacts: dict[str, bytes] = field(default_factory=dict)
    _owners: dict[IdentityKey, str] = field(default_factory=dict)
    _changed: set[str] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)
    _allowance: ContactAllowance = field(init=False)

    def __post_init__(self) -> None:
        self._allowance = ContactAllowance(self.site_fields.site_id, self.site_fields.max_contacts, self.created)

    @classmethod
    def load(cls, site_fields: SiteFields, record: ImportRecord) -> SimulatedContacts:
        """Read what the earlier chunks of a dry run would have changed."""
        contacts = cls(site_fields, record, record.created)
        for chunk in range(record.next_chunk):
            for item in s3.files().get_lines(import_objects.simulated_key(record.site_id, record.id, chunk)):
                contacts._put(contact_of(record.site_id, item))
        contacts._changed.clear()
        return contacts

    def prepare(self, _chunk: int, keys: Collection[IdentityKey]) -> dict[IdentityKey, str]:
        """Return the ids of contacts by identity key, as a hint."""
        simulated = {key: self._owners[key] for key in keys if key in self._owners}
        return contact_store.owners(self.site_fields.site_id, keys) | simulated

    def find(self, keys: Iterable[IdentityKey]) -> dict[str, Contact]:
        """Return the contacts that would have any of the identities, by id."""
        wanted = set(keys)
        stored = (contact for contact, _ in contact_store.find_by_identities(self.site_fields.site_id, wanted))
        matches = {contact.id: contact for contact in stored if contact.id not in self._contacts}
        simulated = map(self._get, {self._owners[key] for key in wanted if key in self._owners})
        return matches | {contact.id: contact for contact in simulated if wanted & _keys(contact)}

    def create(self, contact: Contact) -> None:
        """Create a contact.

        Raises:
            Forbidden: the site would have reached its limit of contacts.
        """
        with self._lock:
            self._allowance.take()
            self.created += 1
        self._put(contact)

    def update(self, _before: Contact, after: Contact) -> None:
        """Change a contact."""
        self._put(after)

    def opt_out(self, numbers: Iterable[str]) -> None:
        """Add no opt-outs."""

    def finish(self, chunk: int) -> None:
        """Keep what the chunk has changed."""
        items = (orjson.loads(self._contacts[contact_id]) for contact_id in sorted(self._changed))
        s3.files().put_lines(import_objects.simulated_key(self.record.site_id, self.record.id, chunk), items)
        self._changed.clear()

    def _put(self, contact: Contact) -> None:
        item: dict[str, Any] = item_of(contact, settings().contact_shards)
        self._contacts[contact.id] = orjson.dumps(item)
        self._changed.add(contact.id)
        self._owners |= dict.fromkeys(_keys(contact), contact.id)

    def _get(self, contact_id: str) -> Contact:
        return contact_of(self.site_fields.site_id, orjson.loads(self._contacts[contact_id]))


def _keys(contact: Contact) -> set[IdentityKey]:
    return {identity.key for identity in contact.live_identities}
