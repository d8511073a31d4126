"""The second pass of an import: chunk after chunk, each row by the same rules as a contact that is created by itself.

Rows that share an identity, or lead to one contact, are imported in the order of the file; the others side by side. A contact's id
derives from the import and the row, so that a chunk that runs again knows what it has made before, and counts it the same.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from outreach import clock
from outreach.contacts import drafting, identities, schema, store
from outreach.contacts.bodies import ContactBody, IdentityBody
from outreach.contacts.fields import Schema
from outreach.contacts.files import objects, records
from outreach.contacts.files.columns import Columns, RowContact
from outreach.contacts.files.grouping import groups
from outreach.contacts.files.records import Duplicates, ImportRecord, Outcome
from outreach.contacts.marks import Mark
from outreach.contacts.models import Contact, new_contact_id
from outreach.contacts.store import Change, Stale
from outreach.errors import Conflict, FieldError, ValidationFailed

_THREADS = 16
_ATTEMPTS = 10


@dataclass(frozen=True)
class Row:
    """A row of a file: its number there, its cells as they stand, and what they say."""

    number: int
    cells: Mapping[str, str]
    contact: RowContact
    region: str

    @cached_property
    def marks(self) -> dict[Mark, int]:
        """The place of each identity that can be one, by its mark; one that is there twice counts once."""
        found: dict[Mark, int] = {}
        for place, (type_, value) in enumerate(self.contact.identities):
            try:
                found.setdefault((type_, identities.normalise(type_, value, self.region)[1]), place)
            except ValueError:
                continue  # the draft will say so
        return found

    def identity_places(self, known: frozenset[Mark]) -> list[int]:
        """The identities to be added to a contact that has those of ``known``; also those that can't be read."""
        marked = {place: mark for mark, place in self.marks.items()}
        unread = self._unread
        return [p for p in range(len(self.contact.identities)) if p in unread or (p in marked and marked[p] not in known)]

    @cached_property
    def _unread(self) -> set[int]:
        found = set()
        for place, (type_, value) in enumerate(self.contact.identities):
            try:
                identities.normalise(type_, value, self.region)
            except ValueError:
                found.add(place)
        return found
