"""Fixtures for tests of all endpoints: no waits for imports and exports, and a carrier simulator."""

from __future__ import annotations

import boto3
import pytest

from outreach.settings import settings
from tests.support.functions import load


@pytest.fixture(autouse=True)
def _without_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    for path in (
        "contacts/import_contacts",
        "contacts/export_contacts",
        "outreach/act_on_campaign_record",
        "contacts/act_on_import_record",
    ):
        monkeypatch.setattr(load(path), "WAIT_SECONDS", 0)


@pytest.fixture
def served(carrier: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of the carrier simulator. It sends no receipts, as handling them would need another thread."""
    monkeypatch.setenv("WEBHOOK_BASE_URL", "http://127.0.0.1:9")
    settings.cache_clear()
    name = settings().import_contacts_arn.rsplit(":", 1)[1]
    role = "arn:aws:iam::123456789012:role/unit-test"
    boto3.client("stepfunctions").create_state_machine(name=name, definition="{}", roleArn=role)
    return carrier
