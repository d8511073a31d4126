"""What the demo asks of the public API, and of the carrier simulator."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import requests

TIMEOUT_SECONDS = 60
PAGE_SIZE = 500

Json = dict[str, Any]


class Api:
    """The API as one site's client sees it; every method raises ``requests.HTTPError`` for an error it doesn't name."""

    def __init__(self, base_url: str, api_key: str) -> None:
        self._base_url = base_url
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {api_key}"

    def ensure_contact(self, body: Json) -> None:
        """Create a contact; one that was created by an earlier try is fine."""
        answer = self._session.post(f"{self._base_url}/contact/contacts", json=body, timeout=TIMEOUT_SECONDS)
        if answer.status_code != requests.codes.conflict or answer.json()["code"] != "duplicate_identity":
            answer.raise_for_status()

    def create_campaign(self, body: Json) -> Json:
        return self._call("POST", "/outreach/campaigns", json=body)

    def send(self, campaign_id: str) -> Json:
        """Start a send; returns its record."""
        return self._call("POST", f"/outreach/campaigns/{campaign_id}:send")

    def records(self, campaign_id: str) -> list[Json]:
        """The sends of a campaign so far."""
        return list(self._call("GET", f"/outreach/campaigns/{campaign_id}/records")["records"])

    def record(self, record_id: str) -> Json:
        return self._call("GET", f"/outreach/campaignRecords/{record_id}")

    def messages(self, record_id: str) -> Iterator[Json]:
        """All messages of a send."""
        for index in itertools.count(1):
            query = {"campaignRecordId": record_id, "pageSize": PAGE_SIZE, "pageIndex": index}
            page = self._call("GET", "/outreach/messages", params=query)
            yield from page["messages"]
            if page["nextPage"] is None:
                return

    def _call(self, method: str, path: str, **request: Any) -> Json:
        answer = self._session.request(method, self._base_url + path, timeout=TIMEOUT_SECONDS, **request)
        answer.raise_for_status()
        return dict(answer.json())


def accepted_recipients(simulator_url: str) -> Iterator[str]:
    """The recipient of each message that the carriers have accepted, oldest first."""
    since: int | None = 0
    while since is not None:
        answer = requests.get(f"{simulator_url}/_simulate/messages", params={"since": since}, timeout=TIMEOUT_SECONDS)
        answer.raise_for_status()
        page = answer.json()
        yield from (message["to"] for message in page["messages"])
        since = page["next"]
