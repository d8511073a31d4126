"""The public API of a running stack, as a client of one site sees it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import requests

T = TypeVar("T")

# A cold start on a busy machine, and what it calls.
TIMEOUT_SECONDS = 60
POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Client:
    """One site's key at one base URL."""

    base_url: str
    api_key: str

    def ask(self, method: str, path: str, status: int | None = None, **request: Any) -> requests.Response:
        """Ask for something below the base URL, as ``requests`` does, and insist on the status, or on any that means success."""
        headers = {"Authorization": f"Bearer {self.api_key}"}
        answer = requests.request(method, self.base_url + path, headers=headers, timeout=TIMEOUT_SECONDS, **request)
        assert answer.status_code == status if status else answer.ok, f"{answer.status_code} {answer.text}"
        return answer

    def get(self, path: str) -> Any:
        """What is at a path, as JSON."""
        return self.ask("GET", path).json()

    def post(self, path: str, body: Any = None) -> Any:
        """Post JSON; the answer's."""
        return self.ask("POST", path, json=body).json()

    def import_contacts(self, csv: str) -> Any:
        """Import a file; the finished record."""
        file = {"uploadFile": ("contacts.csv", csv.encode(), "text/csv")}
        record = f"/contact/contactImportRecords/{self.ask('POST', '/contact/contacts:import', files=file).json()['id']}"
        return until(lambda: self.get(record), lambda found: found["status"] == "completed", TIMEOUT_SECONDS)


def until(read: Callable[[], T], holds: Callable[[T], bool], seconds: float) -> T:
    """Read again and again until what was read holds; fails with the last of it after some seconds."""
    deadline = time.monotonic() + seconds
    while not holds(found := read()):
        assert time.monotonic() < deadline, f"after {seconds} s still {found}"
        time.sleep(POLL_SECONDS)
    return found
