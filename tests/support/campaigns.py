"""Contacts and campaigns of one test, in a site that other tests use too."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from tests.support.client import TIMEOUT_SECONDS, Client, until

# The last digits of numbers to which messages are delivered; the simulated carriers have other outcomes for some below.
DELIVERED = range(1000, 10_000)
_AREAS = (212, 213, 312, 415, 617, 650)
# Shuffled, because a stack that runs already may have the numbers of an earlier run.
_PREFIXES = iter(random.sample([f"+1{area}{exchange}" for area in _AREAS for exchange in range(200, 550)], k=350 * len(_AREAS)))


def new_name(subject: str) -> str:
    """A name that nothing else in the site has."""
    return f"{subject} {uuid4().hex[:8]}"


def numbers(endings: Iterable[int]) -> list[str]:
    """US numbers with these last four digits, which no other test has."""
    prefix = next(_PREFIXES)
    return [f"{prefix}{ending:04}" for ending in endings]


def import_people(api: Client, company: str, people: Iterable[tuple[str, str]]) -> None:
    """Import contacts, each with its name and its number."""
    rows = [f'"{name}",{number},{company}' for name, number in people]
    record = api.import_contacts("\n".join(["name,SMS,company", *rows]))
    assert record["failedCount"] == 0, record


def create_campaign(api: Client, company: str, account_id: str, **properties: Any) -> str:
    """Create a campaign that has the name of a company and goes to its contacts; returns its id.

    Lists lag a write, so this waits until the filter finds somebody.

    Args:
        properties: further properties of the campaign.
    """
    condition = {"fieldName": "company", "operator": "is", "value": company, "order": 1}
    campaign = {"name": company, "channel": "sms", "channelAccountId": account_id, "message": "Hello {{ name }}"}
    created = api.post("/outreach/campaigns", campaign | {"contactFilterConditions": [condition]} | properties)
    path = f"/outreach/campaigns/{created['id']}"
    until(lambda: api.post(f"{path}:preview"), lambda preview: preview["audience"] > 0, TIMEOUT_SECONDS)
    return str(created["id"])


def send(api: Client, campaign_id: str) -> str:
    """Start a send; returns the id of its record."""
    return str(api.post(f"/outreach/campaigns/{campaign_id}:send")["id"])


def completed(api: Client, record_id: str) -> dict[str, Any]:
    """Wait until a send is completed and every receipt has come; returns the record."""

    def is_over(record: dict[str, Any]) -> bool:
        return (record["status"], record["counts"]["sent"]) == ("completed", 0)

    return until(lambda: api.get(f"/outreach/campaignRecords/{record_id}"), is_over, TIMEOUT_SECONDS)
