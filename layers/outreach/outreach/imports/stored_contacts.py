"""The contacts of a site, as an import reads and writes them.

Before the rows of a chunk are imported, the contacts that they may change are kept as they are in one S3 object. An undo restores
them (:mod:`outreach.imports.import_undo`). A contact that is not among them is not changed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from outreach import s3
from outreach.consent import opt_outs
from outreach.consent.opt_outs import Source
from outreach.contacts import contact_store
from outreach.contacts.contact_documents import contact_of, item_of
from outreach.contacts.contact_store import ContactChange, StaleContact
from outreach.contacts.fields import SiteFields
from outreach.contacts.identity_uniqueness import IdentityKey
from outreach.contacts.listing.contact_counts import ContactAllowance
from outreach.contacts.models import Contact
from outreach.errors import Conflict
from outreach.imports import import_marks, import_objects
from outreach.imports.import_options import DuplicateOption
from outreach.imports.import_records import ImportRecord
from outreach.settings import settings


def before_images(record: ImportRecord, chunk: int) -> list[Contact] | None:
    """Return the contacts that a chunk may have changed, as they were before; ``None`` if the chunk was not imported."""
    key = import_objects.before_key(record.site_id, record.id, chunk)
    if s3.files().head(key) is None:
        return None
    return [contact_of(record.site_id, item) for item in s3.files().get_lines(key)]


@dataclass
class StoredContacts:
    """The contacts of a site during an import."""

    site_fields: SiteFields
    record: ImportRecord
    _kept_ids: set[str] = field(default_factory=set)
    _allowance: ContactAllowance = field(init=False)

    def __post_init__(self) -> None:
        self._allowance = ContactAllowance(self.site_fields.site_id, self.site_fields.max_contacts)

    def prepare(self, chunk: int, keys: Collection[IdentityKey]) -> dict[IdentityKey, str]:
        """Keep the contacts that a chunk may change; return the ids of contacts by identity key, as a hint."""
        site_id, import_id = self.site_fields.site_id, self.record.id
        owners = contact_store.owners(site_id, keys, consistent=True)
        if self.record.options.duplicates is not DuplicateOption.SKIP:
            contacts = self._contacts(set(owners.values()))
            images = [contact for contact in contacts if not import_marks.is_marked(import_id, contact)]
        else:
            images = []
        key = import_objects.before_key(site_id, import_id, chunk)
        # An earlier attempt may have changed contacts already, so its images are the right ones.
        if not s3.files().put_new_lines(key, (item_of(contact, settings().contact_shards) for contact in images)):
            images = before_images(self.record, chunk) or []
        self._kept_ids = {contact.id for contact in images}
        return owners

    def find(self, keys: Iterable[IdentityKey]) -> dict[str, Contact]:
        """Return the contacts that have any of the identities, by id."""
        matches = contact_store.find_by_identities(self.site_fields.site_id, keys)
        return {contact.id: contact for contact, _ in matches}

    def create(self, contact: Contact) -> None:
        """Create a contact.

        Raises:
            Forbidden: the site has reached its limit of contacts.
        """
        self._allowance.take()
        marked = replace(contact, import_mark=import_marks.mark(self.record.id, None, contact.version))
        with suppress(StaleContact):  # an earlier attempt created the contact, and a later row replaced its identities
            contact_store.commit(ContactChange(None, marked))

    def update(self, before: Contact, after: Contact) -> None:
        """Change a contact.

        Raises:
            Conflict: the contact got an identity of the chunk only now, so it is not kept.
        """
        if before.id not in self._kept_ids and not import_marks.is_marked(self.record.id, before):
            raise Conflict("another request is changing this contact; import the row again")
        marked = replace(after, import_mark=import_marks.mark(self.record.id, before, after.version))
        contact_store.commit(ContactChange(before, marked))

    def opt_out(self, numbers: Iterable[str]) -> None:
        """Add opt-outs."""
        for number in numbers:
            # Uses the import's time, so that a repeated chunk does not override a later opt-in.
            reason = f"import {self.record.id}"
            opt_outs.add(self.site_fields.site_id, number, Source.IMPORT, time=self.record.create_time, reason=reason)

    def finish(self, chunk: int) -> None:
        """Nothing is left to do after a chunk."""

    def _contacts(self, contact_ids: Collection[str]) -> list[Contact]:
        """Return the contacts with the ids, or those that they were merged into."""
        site_id = self.site_fields.site_id
        contacts = contact_store.get_many(site_id, contact_ids, consistent=True)
        for contact_id in contact_ids - contacts.keys():
            if survivor := contact_store.survivor(contact_store.find(site_id, contact_id)):
                contacts[survivor.id] = survivor
        return list(contacts.values())
