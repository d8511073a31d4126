"""Clients of the public API and of the carrier simulator."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

TIMEOUT_SECONDS = 60
PAGE_SIZE = 500
# On a busy machine a connection may break. Retries are safe: each POST has its own Idempotency-Key.
RETRIES = Retry(total=3, backoff_factor=1, allowed_methods=None)

Json = dict[str, Any]


class Api:
    """A client of one site. Every method raises ``requests.HTTPError`` for an error response."""

    def __init__(self, base_url: str, api_key: str) -> None:
        self._base_url = base_url
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {api_key}"
        self._session.mount(base_url, HTTPAdapter(max_retries=RETRIES))

    def import_contacts(self, csv: str) -> Json:
        """Import contacts. Returns the import record, already final for a small file."""
        return self._post("/contact/contacts:import", files={"uploadFile": ("contacts.csv", csv.encode(), "text/csv")})

    def import_record(self, import_id: str) -> Json:
        return self._get(f"/contact/contactImportRecords/{import_id}")

    def create_campaign(self, body: Json) -> Json:
        return self._post("/outreach/campaigns", json=body)

    def send(self, campaign_id: str) -> Json:
        """Send a campaign. Returns the campaign record."""
        return self._post(f"/outreach/campaigns/{campaign_id}:send")

    def records(self, campaign_id: str) -> list[Json]:
        """List the records of a campaign."""
        return list(self._get(f"/outreach/campaigns/{campaign_id}/records")["records"])

    def record(self, record_id: str) -> Json:
        return self._get(f"/outreach/campaignRecords/{record_id}")

    def messages(self, record_id: str) -> Iterator[Json]:
        """Yield all messages of a campaign record."""
        for index in itertools.count(1):
            query = {"campaignRecordId": record_id, "pageSize": PAGE_SIZE, "pageIndex": index}
            page = self._get("/outreach/messages", params=query)
            yield from page["messages"]
            if page["nextPage"] is None:
                return

    def _get(self, path: str, **request: Any) -> Json:
        return self._call("GET", path, **request)

    def _post(self, path: str, **request: Any) -> Json:
        return self._call("POST", path, headers={"Idempotency-Key": str(uuid.uuid4())}, **request)

    def _call(self, method: str, path: str, **request: Any) -> Json:
        response = self._session.request(method, self._base_url + path, timeout=TIMEOUT_SECONDS, **request)
        response.raise_for_status()
        return dict(response.json())


def accepted_recipients(simulator_url: str) -> Iterator[str]:
    """Yield the recipient of each message that the simulated carriers have accepted, oldest first."""
    since: int | None = 0
    while since is not None:
        response = requests.get(f"{simulator_url}/_simulate/messages", params={"since": since}, timeout=TIMEOUT_SECONDS)
        response.raise_for_status()
        page = response.json()
        yield from (message["to"] for message in page["messages"])
        since = page["next"]
