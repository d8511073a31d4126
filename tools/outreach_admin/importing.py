"""A file of contacts on its way through the API, as any client of it would do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

_TIMEOUT_SECONDS = 60
_POLL_SECONDS = 1.0
_OVER = ("completed", "failed")

Json = dict[str, Any]


def run(base_url: str, api_key: str, file: Path, duplicates: str) -> Iterator[Json]:
    """Upload a file and follow its import; each state of the record, the last one when it is over.

    Raises:
        ValueError: the API refuses; its words.
    """
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {api_key}"
    begun = session.post(
        f"{base_url}/contact/contacts:import",
        json={"size": file.stat().st_size, "duplicateControlOption": duplicates},
        timeout=_TIMEOUT_SECONDS,
    )
    record = _answer(begun)
    yield record
    # The signed URL is all the permission that this takes: the key stays with the API.
    with file.open("rb") as content:
        uploaded = requests.put(record["uploadUrl"], data=content, timeout=_TIMEOUT_SECONDS)
    if not uploaded.ok:
        raise ValueError(f"The file was not taken: HTTP {uploaded.status_code}.")
    while record["status"] not in _OVER:
        time.sleep(_POLL_SECONDS)
        record = _answer(session.get(f"{base_url}/contact/contactImportRecords/{record['id']}", timeout=_TIMEOUT_SECONDS))
        yield record


def _answer(answer: requests.Response) -> Json:
    """The body, or the problem as an error."""
    body = answer.json() if "json" in answer.headers.get("Content-Type", "") else {}
    if not answer.ok:
        raise ValueError(body.get("detail") or f"HTTP {answer.status_code}")
    return dict(body)
