"""Lists of contact ids as S3 objects: 16 bytes an id, so one ranged read returns any part of a long list."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

ID_BYTES = 16


def pack(contact_ids: Iterable[str]) -> bytes:
    """Encode ids."""
    return b"".join(UUID(contact_id).bytes for contact_id in contact_ids)


def unpack(packed: bytes) -> list[str]:
    """Decode what :func:`pack` encoded."""
    return [str(UUID(bytes=packed[at : at + ID_BYTES])) for at in range(0, len(packed), ID_BYTES)]


def byte_range(start: int, stop: int) -> str:
    """Return the ``Range`` header (RFC 9110) of the ids from index ``start`` up to, but without, ``stop``."""
    return f"bytes={start * ID_BYTES}-{stop * ID_BYTES - 1}"
