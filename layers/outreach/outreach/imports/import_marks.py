"""Marks in contacts: which import wrote them last, so that an undo finds out whether they have changed since.

A mark is ``<import>/<first>/<version>``: the import, the version that the contact had before the import's first write, and the
version after its last write. The mark is valid while the contact has that last version: every write changes it.
"""

from __future__ import annotations

from outreach.contacts.models import Contact


def mark(import_id: str, before: Contact | None, version: int) -> str:
    """Return the mark for a version that an import writes.

    Args:
        before: the contact before the write; ``None`` if it is created.
    """
    first = first_version(import_id, before) if before else 0
    return f"{import_id}/{before.version if before and first is None else first}/{version}"


def first_version(import_id: str, contact: Contact) -> int | None:
    """Return the contact's version before the import; 0 if the import created it; ``None`` if another write was the last one."""
    marked_id, first, version = _parts(contact)
    return int(first) if marked_id == import_id and version == str(contact.version) else None


def is_marked(import_id: str, contact: Contact) -> bool:
    """Return whether the import has written the contact at any time, and no later import has."""
    return _parts(contact)[0] == import_id


def for_version(contact: Contact, version: int) -> str:
    """Return a contact's mark for the same content in another version; empty if the mark is not valid."""
    import_id, first, marked_version = _parts(contact)
    return f"{import_id}/{first}/{version}" if marked_version == str(contact.version) else ""


def _parts(contact: Contact) -> tuple[str, str, str]:
    import_id, _, versions = contact.import_mark.partition("/")
    first, _, version = versions.partition("/")
    return import_id, first, version
