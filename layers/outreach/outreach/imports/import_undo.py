"""Undoes an import: deletes the contacts that it created, and restores those that it changed.

A contact that has changed since the import is neither deleted nor restored. Its mark shows that (:mod:`.import_marks`). An undo
goes chunk by chunk. What it does about a chunk is planned and kept before anything happens, so that a repeated attempt counts the
same contacts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from enum import StrEnum

from outreach import dynamo, s3
from outreach.contacts import contact_store
from outreach.contacts.contact_store import ContactChange
from outreach.contacts.models import Contact
from outreach.errors import Conflict
from outreach.imports import import_execution, import_marks, import_objects, import_records
from outreach.imports.chunk_importer import THREADS, contact_id
from outreach.imports.import_records import ImportRecord, UndoOutcome
from outreach.imports.stored_contacts import before_images


class _Plan(StrEnum):
    """What an undo does about a contact."""

    DELETE = "delete"
    RESTORE = "restore"
    KEEP = "keep"


def start(site_id: str, import_id: str) -> ImportRecord:
    """Start to undo an import; a repeated call changes nothing.

    Raises:
        NotFound: the site has no such import.
        Conflict: the import is in progress, was a dry run, changed nothing, or is more than 30 days old (``invalid_state``).
    """
    record = import_records.get(site_id, import_id)
    if not record.is_undone and not record.is_being_undone:
        _require_undoable(record)
        record = import_records.request_undo(record)
    if record.is_being_undone:
        import_execution.start_undo(record)
    return record


def undo_chunks(record: ImportRecord, has_time: Callable[[], bool]) -> ImportRecord:
    """Undo the next chunk, and then others while there is time."""
    record = _undo_chunk(record)
    while record.is_being_undone and has_time():
        record = _undo_chunk(record)
    return record


def _require_undoable(record: ImportRecord) -> None:
    if record.options.is_dry_run:
        raise Conflict("This was a dry run, so there is nothing to undo.", code="invalid_state")
    if not record.is_finished:
        raise Conflict("The import is still in progress; undo it when it is finished.", code="invalid_state")
    if record.is_expired:
        raise Conflict("The import is more than 30 days old and cannot be undone any more.", code="invalid_state")


def _undo_chunk(record: ImportRecord) -> ImportRecord:
    chunk = record.next_undo
    outcomes: Counter[UndoOutcome] = Counter()
    if chunk < record.chunks and (images := before_images(record, chunk)) is not None:
        images_by_id = {image.id: image for image in images}
        deletions, others = _partition(_plan(record, chunk, images_by_id))
        # A restored contact may get back an identity of a contact that is deleted, or of another one that is restored.
        with ThreadPoolExecutor(THREADS) as pool:
            outcomes.update(pool.map(lambda id_: _execute(record, _Plan.DELETE, id_, images_by_id), deletions))
        outcomes.update(_execute(record, plan, id_, images_by_id) for plan, id_ in others)
    return import_records.complete_undo(record, outcomes)


def _partition(plan: Iterable[tuple[str, str]]) -> tuple[list[str], list[tuple[_Plan, str]]]:
    """Return the ids of the contacts to delete, and what to do about the others."""
    steps = [(_Plan(step), id_) for step, id_ in plan]
    deletions = [id_ for step, id_ in steps if step is _Plan.DELETE]
    others: list[tuple[_Plan, str]] = [(step, id_) for step, id_ in steps if step is not _Plan.DELETE]
    return deletions, others


def _plan(record: ImportRecord, chunk: int, images: dict[str, Contact]) -> list[tuple[str, str]]:
    """Return what to do about which contact; an earlier attempt may have planned it."""
    key = import_objects.undo_key(record.site_id, record.id, chunk)
    plan = list(_new_plan(record, chunk, images))
    return plan if s3.files().put_new_lines(key, plan) else [(step, id_) for step, id_ in s3.files().get_lines(key)]


def _new_plan(record: ImportRecord, chunk: int, images: dict[str, Contact]) -> Iterator[tuple[str, str]]:
    _, *rows = s3.files().get_lines(import_objects.chunk_key(record.site_id, record.id, chunk))
    created_ids = [contact_id(record.id, row["row"]) for row in rows]
    created = contact_store.get_many(record.site_id, created_ids, consistent=True, tombstones=True)
    for contact in created.values():
        is_as_created = import_marks.first_version(record.id, contact) == 0
        yield (_Plan.DELETE if is_as_created else _Plan.KEEP), contact.id
    current = contact_store.get_many(record.site_id, images, consistent=True)
    for image in images.values():
        if plan := _plan_for_changed(record, image, current.get(image.id)):
            yield plan, image.id


def _plan_for_changed(record: ImportRecord, image: Contact, current: Contact | None) -> _Plan | None:
    """Return what to do about a contact that the import may have changed; ``None`` if it has not."""
    if current is None:
        return _Plan.KEEP
    if import_marks.first_version(record.id, current) == image.version:
        return _Plan.RESTORE
    is_untouched = current.version == image.version or current.import_mark == image.import_mark
    return None if is_untouched else _Plan.KEEP


def _execute(record: ImportRecord, plan: _Plan, id_: str, images: dict[str, Contact]) -> UndoOutcome:
    def attempt() -> UndoOutcome:
        current = contact_store.find(record.site_id, id_)
        if plan is _Plan.DELETE:
            return _delete(record, current)
        return _restore(record, current, images[id_]) if plan is _Plan.RESTORE else UndoOutcome.KEPT

    return dynamo.retry_on_conflict(attempt, error=Conflict("other requests keep changing its contacts; undo it again"))


def _delete(record: ImportRecord, current: Contact | None) -> UndoOutcome:
    if current is None:
        return UndoOutcome.DELETED
    if import_marks.first_version(record.id, current) != 0:
        return UndoOutcome.KEPT
    contact_store.commit(ContactChange(current, None))
    return UndoOutcome.DELETED


def _restore(record: ImportRecord, current: Contact | None, image: Contact) -> UndoOutcome:
    """Give a contact the content that it had before the import, unless another contact has one of its identities now."""
    if current is None or current.merged_to is not None:
        return UndoOutcome.KEPT
    version = current.version + 1
    restored = replace(
        image,
        version=version,
        import_mark=import_marks.for_version(image, version),
        last_ordinal=max(image.last_ordinal, current.last_ordinal),
    )
    if _has_content(current, restored):
        return UndoOutcome.RESTORED
    if import_marks.first_version(record.id, current) != image.version:
        return UndoOutcome.KEPT
    try:
        contact_store.commit(ContactChange(current, restored))
    except Conflict:
        return UndoOutcome.KEPT
    return UndoOutcome.RESTORED


def _has_content(current: Contact, restored: Contact) -> bool:
    return replace(restored, version=current.version, import_mark=current.import_mark) == current
