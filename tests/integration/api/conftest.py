"""Nobody waits for imports and exports; a site that the carrier simulator serves."""

from __future__ import annotations

import boto3
import pytest

from outreach.settings import settings
from tests.support.functions import load


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for path in ("contacts/import_contacts", "contacts/export_contacts"):
        monkeypatch.setattr(load(path), "WAIT_SECONDS", 0)


@pytest.fixture
def served(carrier: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The simulator's URL. No receipts come: their handling would be a thread of its own."""
    monkeypatch.setenv("WEBHOOK_BASE_URL", "http://127.0.0.1:9")
    settings.cache_clear()
    name = settings().import_contacts_arn.rsplit(":", 1)[1]
    role = "arn:aws:iam::123456789012:role/unit-test"
    boto3.client("stepfunctions").create_state_machine(name=name, definition="{}", roleArn=role)
    return carrier
