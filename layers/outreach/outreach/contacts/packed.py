"""Ids of contacts in an object: sixteen bytes each, so that any stretch of a long list is one read of a part of it."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

ID_BYTES = 16


def pack(contact_ids: Iterable[str]) -> bytes:
    return b"".join(UUID(contact_id).bytes for contact_id in contact_ids)


def unpack(packed: bytes) -> list[str]:
    return [str(UUID(bytes=packed[at : at + ID_BYTES])) for at in range(0, len(packed), ID_BYTES)]


def byte_range(start: int, stop: int) -> str:
    """The ``Range`` of a request (RFC 9110) for the places ``start`` to ``stop`` (exclusive, and behind ``start``)."""
    return f"bytes={start * ID_BYTES}-{stop * ID_BYTES - 1}"
