"""An HTTP client for the public API of a running stack."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import requests

T = TypeVar("T")

# Long enough for a cold start on a busy machine.
TIMEOUT_SECONDS = 60
POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Client:
    """Sends requests to one base URL with one site's API key."""

    base_url: str
    api_key: str

    def ask(self, method: str, path: str, status: int | None = None, **request: Any) -> requests.Response:
        """Send a request and check the status of the response.

        Args:
            status: the expected status; ``None`` accepts every successful one.
            request: further arguments of ``requests.request``.
        """
        headers = {"Authorization": f"Bearer {self.api_key}"}
        answer = requests.request(method, self.base_url + path, headers=headers, timeout=TIMEOUT_SECONDS, **request)
        assert answer.status_code == status if status else answer.ok, f"{answer.status_code} {answer.text}"
        return answer

    def get(self, path: str) -> Any:
        """GET a path; returns the JSON body."""
        return self.ask("GET", path).json()

    def post(self, path: str, body: Any = None) -> Any:
        """POST a JSON body; returns the JSON body of the response."""
        return self.ask("POST", path, json=body).json()

    def import_contacts(self, csv: str) -> Any:
        """Import contacts from CSV text; returns the completed import record."""
        file = {"uploadFile": ("contacts.csv", csv.encode(), "text/csv")}
        record = f"/contact/contactImportRecords/{self.ask('POST', '/contact/contacts:import', files=file).json()['id']}"
        return until(lambda: self.get(record), lambda import_record: import_record["status"] == "completed", TIMEOUT_SECONDS)


def until(read: Callable[[], T], is_expected: Callable[[T], bool], seconds: float) -> T:
    """Read a value repeatedly until it is the expected one, and return it.

    Raises:
        AssertionError: the value is not the expected one after ``seconds``.
    """
    deadline = time.monotonic() + seconds
    while not is_expected(value := read()):
        assert time.monotonic() < deadline, f"after {seconds} s still {value}"
        time.sleep(POLL_SECONDS)
    return value
