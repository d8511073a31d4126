"""Imports a file of contacts through the public API."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import requests

_TIMEOUT_SECONDS = 60
_POLL_SECONDS = 1.0
_FINAL_STATUSES = ("completed", "failed")
_RECORD = {"id", "status", "processedRows", "totalRows", "failedCount"}

Json = dict[str, Any]


class ContactImport:
    """Imports through one API with one key."""

    def __init__(self, base_url: str, api_key: str) -> None:
        self._records = f"{base_url}/contact/contactImportRecords"
        self._import = f"{base_url}/contact/contacts:import"
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {api_key}"

    def run(self, file: Path, options: Mapping[str, Any]) -> Iterator[Json]:
        """Upload a file and follow its import.

        Args:
            options: further properties of the request, such as ``duplicateControlOption``.

        Returns:
            The import record each time it is read; the last one is final.

        Raises:
            ValueError: the file is empty, the API refuses the import, or S3 refuses the file. The message says why.
        """
        size = file.stat().st_size
        if not size:
            raise ValueError("The file is empty.")
        answer = self._session.post(self._import, json={"fileName": file.name, "size": size, **options}, timeout=_TIMEOUT_SECONDS)
        record = _record_or_error(answer, {*_RECORD, "uploadUrl"})
        yield record
        _upload(file, record["uploadUrl"])
        while record["status"] not in _FINAL_STATUSES:
            time.sleep(_POLL_SECONDS)
            answer = self._session.get(f"{self._records}/{record['id']}", timeout=_TIMEOUT_SECONDS)
            record = _record_or_error(answer, _RECORD)
            yield record

    def save_failed_rows(self, import_id: str, file: Path) -> None:
        """Write the failed rows of an import to a file, to be corrected and imported again."""
        response = self._session.get(f"{self._records}/{import_id}/failedRows", timeout=_TIMEOUT_SECONDS)
        if not response.ok:
            raise ValueError(f"The failed rows cannot be read: HTTP {response.status_code}.")
        file.write_bytes(response.content)


def parse_mapping(texts: list[str]) -> dict[str, str | None]:
    """Parse ``Mobile Phone=SMS`` to a field by heading; nothing after the last equals sign is a column to ignore.

    Raises:
        ValueError: a text has no equals sign.
    """
    columns: dict[str, str | None] = {}
    for text in texts:
        heading, equals, field = text.rpartition("=")
        if not equals or not heading.strip():
            raise ValueError(f"{text} must be HEADING=FIELD, or HEADING= to ignore the column")
        columns[heading.strip()] = field.strip() or None
    return columns


def _upload(file: Path, url: str) -> None:
    """Put the file at its signed URL, without the API key: the signature is the permission."""
    with file.open("rb") as content:
        response = requests.put(url, data=content, timeout=_TIMEOUT_SECONDS)
    if not response.ok:
        raise ValueError(f"The upload of the file failed with HTTP {response.status_code}. Start the import again.")


def _record_or_error(response: requests.Response, names: set[str]) -> Json:
    """Return the import record of an answer, which has these properties.

    Raises:
        ValueError: the API refuses the request, or another server has answered.
    """
    body = _object(response)
    if not response.ok:
        raise ValueError(body.get("detail") or f"The API answered HTTP {response.status_code}.")
    if not names <= body.keys():
        raise ValueError("The server's answer is no import record, so it is not the API. Check the URL.")
    return body


def _object(response: requests.Response) -> Json:
    """Return the object that is the body of an answer; an empty one if it is anything else."""
    try:
        body = response.json()
    except requests.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}
