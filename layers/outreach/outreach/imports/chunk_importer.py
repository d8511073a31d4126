"""The second pass of an import: imports the rows chunk by chunk, by the rules of the contacts API.

Rows that share an identity or lead to the same contact are imported in the order of the file, other rows concurrently.

The id of a new contact derives from the import and the row number. A chunk that runs again therefore recognises the contacts that
it has created, and counts their rows as created again.

A dry run uses the same code with :class:`outreach.imports.simulated_contacts.SimulatedContacts`, which writes nothing.
"""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Protocol

from outreach import aws_errors, clock, dynamo, phone_numbers, s3
from outreach.contacts import field_store, validation
from outreach.contacts.fields import SiteFields
from outreach.contacts.identity_uniqueness import IdentityKey
from outreach.contacts.models import Contact, IdentityType, new_contact_id
from outreach.errors import Conflict, FieldError, OutreachError, ValidationFailed
from outreach.http.job_status import JobStatus
from outreach.imports import import_objects, import_records
from outreach.imports.columns import Columns
from outreach.imports.import_options import DuplicateOption
from outreach.imports.import_records import ChunkResult, ImportRecord, RowOutcome
from outreach.imports.import_row import ImportRow
from outreach.imports.row_groups import group_rows
from outreach.imports.row_parser import ContactData, RowParser
from outreach.imports.simulated_contacts import SimulatedContacts
from outreach.imports.stored_contacts import StoredContacts
from outreach.observability import error_place, logger

THREADS = 16
# The number of attempts for a row whose import raises an unexpected error.
_ATTEMPTS = 3
_RETRY_SECONDS = 0.05

_UNEXPECTED = (
    "The row could not be imported because of an internal error. Import it again. "
    "If it fails again, report the id of the import and the row."
)

FailedRow = dict[str, Any]


class ContactWriter(Protocol):
    """The contacts of a site, as an import or a dry run sees them."""

    def prepare(self, chunk: int, keys: Sequence[IdentityKey], /) -> dict[IdentityKey, str]: ...

    def find(self, keys: Iterable[IdentityKey], /) -> dict[str, Contact]: ...

    def create(self, contact: Contact, /) -> None: ...

    def update(self, before: Contact, after: Contact, /) -> None: ...

    def opt_out(self, numbers: Iterable[str], /) -> None: ...

    def finish(self, chunk: int, /) -> None: ...


def import_chunks(record: ImportRecord, has_time: Callable[[], bool]) -> ImportRecord:
    """Import the next chunk, and then others while there is time."""
    site_fields = replace(field_store.load(record.site_id), number_format=record.options.phone_numbers)
    contacts: ContactWriter = (
        SimulatedContacts.load(site_fields, record) if record.options.is_dry_run else StoredContacts(site_fields, record)
    )
    try:
        columns = Columns.of(site_fields, record.options)
    except ValidationFailed as error:  # a field that the request names was deleted after the file had been split
        return import_records.mark_failed(record, list(map(str, error.errors)))
    importer = _RowImporter(site_fields, record, columns, contacts)
    record = importer.import_chunk(record)
    while record.status is JobStatus.RUNNING and has_time():
        record = importer.import_chunk(record)
    return record


@dataclass(frozen=True)
class _RowImporter:
    """Imports rows with the site's fields."""

    site_fields: SiteFields
    record: ImportRecord
    columns: Columns
    contacts: ContactWriter

    def import_chunk(self, record: ImportRecord) -> ImportRecord:
        """Import the rows of the record's next chunk."""
        site_id, import_id, chunk = record.site_id, record.id, record.next_chunk
        header, *lines = s3.files().get_lines(import_objects.chunk_key(site_id, import_id, chunk))
        rows = self._rows(header, lines)
        results = self._import_rows(chunk, rows)
        failures = [result for result in results if isinstance(result, dict)]
        if failures:
            s3.files().put_lines(import_objects.failures_key(site_id, import_id, chunk), failures)
        warnings = [warning for row in rows for warning in row.warnings()]
        if warnings:
            s3.files().put_lines(import_objects.warnings_key(site_id, import_id, chunk), warnings)
        self.contacts.finish(chunk)
        return import_records.complete_chunk(record, _chunk_result(rows, results, len(warnings)))

    def _rows(self, header: list[str], lines: Sequence[Mapping[str, Any]]) -> list[ImportRow]:
        headings = self.columns.headings_by_name(header)
        return [ImportRow(line["row"], line["values"], self._parse(line), headings) for line in lines]

    def _parse(self, line: Mapping[str, Any]) -> ContactData:
        try:
            return RowParser(self.columns).parse(line["values"])
        except Exception as error:
            self._log(line["row"], error)
            return ContactData(errors=[FieldError("", _UNEXPECTED)])

    def _import_rows(self, chunk: int, rows: Sequence[ImportRow]) -> list[RowOutcome | FailedRow]:
        """Import rows; return the outcome or the errors of each."""
        owners = self._prepare(chunk, rows)
        groups = group_rows([{owners.get(key, key) for key in row.identity_keys} for row in rows])

        def import_group(positions: list[int]) -> list[tuple[int, RowOutcome | FailedRow]]:
            return [(position, self._import_or_report(rows[position])) for position in positions]

        with ThreadPoolExecutor(THREADS) as pool:
            results = dict(chain.from_iterable(pool.map(import_group, groups)))
        return [results[position] for position in range(len(rows))]

    def _prepare(self, chunk: int, rows: Sequence[ImportRow]) -> dict[IdentityKey, str]:
        """Prepare the contacts of all rows together. If that cannot be done, rows whose contacts cannot be read are left out."""

        def prepare(rows: Iterable[ImportRow]) -> dict[IdentityKey, str]:
            return self.contacts.prepare(chunk, list({key for row in rows for key in row.identity_keys}))

        try:
            return prepare(rows)
        except Exception as error:
            if aws_errors.is_transient(error):
                raise
            logger().error("rows cannot be prepared", import_id=self.record.id, chunk=chunk, error=error_place(error))
            return prepare(row for row in rows if self._is_findable(row))

    def _is_findable(self, row: ImportRow) -> bool:
        try:
            self.contacts.find(row.identity_keys)
        except Exception as error:
            self._log(row.number, error)
            return False
        return True

    def _log(self, row: int, error: Exception) -> None:
        logger().error("a row cannot be imported", import_id=self.record.id, row=row, error=error_place(error))

    def _import_or_report(self, row: ImportRow) -> RowOutcome | FailedRow:
        try:
            return self._import_retrying_unexpected_errors(row)
        except ValidationFailed as error:
            errors = [{"column": entry.pointer, "message": entry.message} for entry in error.errors]
        except OutreachError as error:
            errors = [{"column": "", "message": error.detail}]
        return {"row": row.number, "errors": errors, "values": row.cells}

    def _import_retrying_unexpected_errors(self, row: ImportRow) -> RowOutcome:
        """Import a row. After some attempts, an unexpected error fails this row alone.

        An error that passes by itself is raised, because it concerns all rows: the chunk is imported again later.
        """
        for attempt in range(_ATTEMPTS):
            try:
                return self._import_with_retries(row)
            except OutreachError:
                raise
            except Exception as error:
                if aws_errors.is_transient(error):
                    raise
                self._log(row.number, error)
                time.sleep(_RETRY_SECONDS * attempt)
        raise Conflict(_UNEXPECTED)

    def _import_with_retries(self, row: ImportRow) -> RowOutcome:
        """Import a row; retry when another writer changes the contact or reserves an identity at the same time."""

        def attempt() -> RowOutcome:
            try:
                return self._import(row)
            except Conflict as error:
                if error.code == "duplicate_identity":
                    raise dynamo.WriteConflict from error
                raise

        return dynamo.retry_on_conflict(attempt, error=Conflict("another request is changing this contact; import the row again"))

    def _import(self, row: ImportRow) -> RowOutcome:
        contacts = self.contacts.find(row.identity_keys)
        if len(contacts) > 1:
            message = f"the identities belong to different contacts ({', '.join(sorted(contacts))}); merge them first"
            raise Conflict(message, code="ambiguous")
        if not contacts:
            return self._create(row)
        (contact,) = contacts.values()
        if contact.id == self._new_contact_id(row):
            self._opt_out(row)
            return RowOutcome.CREATED
        return self._skip(row, contact) if self.record.options.duplicates is DuplicateOption.SKIP else self._update(row, contact)

    def _create(self, row: ImportRow) -> RowOutcome:
        new_id = self._new_contact_id(row)
        contact = row.validate(lambda: validation.new_contact(self.site_fields, row.to_body(), new_id, self._now()))
        self._opt_out(row)
        self.contacts.create(contact)
        return RowOutcome.CREATED

    def _skip(self, row: ImportRow, contact: Contact) -> RowOutcome:
        """Leave the contact as it is. An opt-out belongs to the number, so it is added anyway."""
        row.require_valid_cells()
        self._opt_out(row, contact)
        return RowOutcome.SKIPPED

    def _update(self, row: ImportRow, before: Contact) -> RowOutcome:
        is_merge = self.record.options.duplicates is DuplicateOption.MERGE

        def changed_contact() -> Contact:
            body = row.to_body(merge_into=before if is_merge else None)
            return validation.changed_contact(self.site_fields, body, before, self._now(), fill=is_merge)

        after = row.validate(changed_contact)
        self._opt_out(row, before)
        if replace(after, last_updated_time=before.last_updated_time, version=before.version) != before:
            self.contacts.update(before, after)
        return RowOutcome.UPDATED

    def _opt_out(self, row: ImportRow, contact: Contact | None = None) -> None:
        """Opt the row's numbers out if it says so. This comes before the contact, so that no message comes in between.

        Args:
            contact: the contact that the row leads to; its number is meant by a row without numbers.
        """
        if row.data.is_opted_out:
            numbers = [number for type_, number in row.identity_keys if type_ is IdentityType.SMS]
            if not numbers and contact and contact.recipient_number:
                numbers = [contact.recipient_number]
            readable = {number: phone_numbers.read_e164(number) for number in numbers}
            self.contacts.opt_out(filter(None, readable.values()))
            row.warn_of_lost_opt_outs([number for number in numbers if readable[number] is None], has_number=bool(numbers))

    def _new_contact_id(self, row: ImportRow) -> str:
        return contact_id(self.record.id, row.number)

    def _now(self) -> str:
        return clock.timestamp(clock.now())


def contact_id(import_id: str, row: int) -> str:
    """Return the id of the contact that a row creates."""
    return new_contact_id(uuid.uuid5(uuid.UUID(import_id), str(row)))


def _chunk_result(rows: Sequence[ImportRow], results: Sequence[RowOutcome | FailedRow], warnings: int) -> ChunkResult:
    outcomes = Counter(RowOutcome.FAILED if isinstance(result, dict) else result for result in results)
    return ChunkResult(
        outcomes,
        warnings,
        number_columns=sorted({heading for row in rows for heading in row.data.number_columns}),
        has_sms=any(row.data.has_sms for row in rows),
    )
