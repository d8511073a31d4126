"""The second pass of an import: chunk after chunk, each row by the same rules as a contact that is created by itself.

Rows that share an identity, or lead to one contact, are imported in the order of the file; the others side by side. A contact's
id derives from the import and the row, so that a chunk that runs again knows what it has made before, and counts it the same.
"""

from __future__ import annotations

import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from outreach import clock
from outreach.contacts import counting, drafting, schema, store
from outreach.contacts.fields import Schema
from outreach.contacts.files import objects, records
from outreach.contacts.files.columns import Columns
from outreach.contacts.files.grouping import groups
from outreach.contacts.files.records import Duplicates, ImportRecord, Outcome
from outreach.contacts.files.rows import Row
from outreach.contacts.models import Contact, new_contact_id
from outreach.contacts.store import Change, Stale
from outreach.errors import Conflict, OutreachError, ValidationFailed

_THREADS = 16
_ATTEMPTS = 10


def import_chunk(record: ImportRecord) -> ImportRecord:
    """Import the rows of the record's next chunk."""
    header, *lines = objects.get_lines(objects.chunk_key(record.site_id, record.id, record.next_chunk))
    answers = _Import(schema.load(record.site_id), record).rows(header, lines)
    failures = [answer for answer in answers if isinstance(answer, dict)]
    if failures:
        objects.put_lines(objects.failures_key(record.site_id, record.id, record.next_chunk), failures)
    return records.count_chunk(record, Counter(Outcome.FAILED if isinstance(answer, dict) else answer for answer in answers))


def failed_rows(record: ImportRecord) -> list[dict[str, Any]]:
    """The rows that were not imported: number, what is wrong in which column, and the cells."""
    keys = [objects.failures_key(record.site_id, record.id, chunk) for chunk in record.chunks_with_failures]
    return [row for key in keys for row in objects.get_lines(key)]


@dataclass(frozen=True)
class _Import:
    """The rows of one import, with the site's fields as they are now."""

    schema: Schema
    record: ImportRecord

    def rows(self, header: list[str], lines: list[dict[str, Any]]) -> list[Outcome | dict[str, Any]]:
        """What became of each row: an outcome, or what is wrong with it."""
        columns = Columns(self.schema)
        headings = columns.by_name(header)
        rows = [Row(line["row"], line["values"], columns.read(line["values"]), headings) for line in lines]
        owners = store.owners(self.schema.site_id, (mark for row in rows for mark in row.marks))
        joined = groups([{owners.get(mark, mark) for mark in row.marks} for row in rows])
        with ThreadPoolExecutor(_THREADS) as pool:
            done = pool.map(lambda places: [(place, self._answer(rows[place])) for place in places], joined)
            answers = dict(answer for group in done for answer in group)
        return [answers[place] for place in range(len(rows))]

    def _answer(self, row: Row) -> Outcome | dict[str, Any]:
        try:
            return self._until_fresh(row)
        except ValidationFailed as error:
            errors = [{"column": fault.pointer, "message": fault.message} for fault in error.errors]
        except OutreachError as error:
            errors = [{"column": "", "message": error.detail}]
        return {"row": row.number, "errors": errors, "values": row.cells}

    def _until_fresh(self, row: Row) -> Outcome:
        """Import a row; again when somebody else writes the same contact, or takes an identity, in between."""
        for _ in range(_ATTEMPTS):
            try:
                return self._import(row)
            except Stale:
                continue
            except Conflict as error:
                if error.code != "duplicate_identity":
                    raise
        raise Conflict("the contact is being changed by others")

    def _import(self, row: Row) -> Outcome:
        found = {contact.id: contact for contact, _ in store.find_by_marks(self.schema.site_id, row.marks)}
        if len(found) > 1:
            raise Conflict(f"the identities belong to different contacts: {', '.join(sorted(found))}", code="ambiguous")
        if not found:
            return self._create(row)
        (contact,) = found.values()
        if contact.id == self._own_id(row):
            return Outcome.CREATED
        return Outcome.SKIPPED if self.record.duplicates is Duplicates.SKIP else self._update(row, contact)

    def _create(self, row: Row) -> Outcome:
        counting.require_room(self.schema.site_id, self.schema.max_contacts)
        contact = row.checked(lambda: drafting.new_contact(self.schema, row.body(), self._own_id(row), self._now()))
        with suppress(Stale):  # an earlier try has made it, and a later row has given it other identities
            store.commit(Change(None, contact))
        return Outcome.CREATED

    def _update(self, row: Row, before: Contact) -> Outcome:
        fill = self.record.duplicates is Duplicates.MERGE
        kept = before if fill else None
        after = row.checked(lambda: drafting.changed_contact(self.schema, row.body(kept), before, self._now(), fill=fill))
        if replace(after, last_updated_time=before.last_updated_time, version=before.version) != before:
            store.commit(Change(before, after))
        return Outcome.UPDATED

    def _own_id(self, row: Row) -> str:
        return new_contact_id(uuid.uuid5(uuid.UUID(self.record.id), str(row.number)))

    def _now(self) -> str:
        return clock.timestamp(clock.now())
