"""The S3 objects of an import. The files bucket deletes the upload after 7 days, the others after 30.

``uploads/<site>/<import>``                  the uploaded file; its creation starts the import
``imports/<site>/<import>/rows/<chunk>``     rows in NDJSON: the headings, then ``{"row": 7, "values": {"Email": "…"}}`` …
``imports/<site>/<import>/before/<chunk>``   the contacts that a chunk may change, as they were before; NDJSON
``imports/<site>/<import>/undo/<chunk>``     what an undo does about the contacts of a chunk; NDJSON
``imports/<site>/<import>/failed.csv``       the failed rows as a file
``imports/<site>/<import>/failed/<chunk>``   the failed rows of a chunk as the API returns them; NDJSON
``imports/<site>/<import>/warnings/<chunk>`` the warnings about a chunk's rows, or (``file``) about the file; NDJSON
``imports/<site>/<import>/simulated/<chunk>``  the contacts as a dry run would leave them after a chunk; NDJSON
"""

from __future__ import annotations

MAX_UPLOAD_BYTES = 100_000_000


def upload_key(site_id: str, import_id: str) -> str:
    return f"uploads/{site_id}/{import_id}"


def chunk_key(site_id: str, import_id: str, chunk: int) -> str:
    return f"imports/{site_id}/{import_id}/rows/{chunk:06}"


def failures_key(site_id: str, import_id: str, chunk: int) -> str:
    return f"imports/{site_id}/{import_id}/failed/{chunk:06}"


def warnings_key(site_id: str, import_id: str, chunk: int | None) -> str:
    """Return the key of the warnings about a chunk's rows, or (``None``) about the file."""
    return f"imports/{site_id}/{import_id}/warnings/{'file' if chunk is None else f'{chunk:06}'}"


def simulated_key(site_id: str, import_id: str, chunk: int) -> str:
    return f"imports/{site_id}/{import_id}/simulated/{chunk:06}"


def before_key(site_id: str, import_id: str, chunk: int) -> str:
    return f"imports/{site_id}/{import_id}/before/{chunk:06}"


def undo_key(site_id: str, import_id: str, chunk: int) -> str:
    return f"imports/{site_id}/{import_id}/undo/{chunk:06}"


def failed_rows_key(site_id: str, import_id: str) -> str:
    return f"imports/{site_id}/{import_id}/failed.csv"
