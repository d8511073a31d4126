"""Fixtures for tests that send messages through the simulated carriers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from outreach import clock as our_clock
from outreach.carriers import carrier_http, telnyx
from outreach.sending import send_queue
from outreach.settings import settings
from tests.support import carriers, customer_endpoint, pipeline
from tests.support.simulator import simulating

QUICK: dict[str, Any] = {"latency": 0, "receipt_delay": 0.01, "receipt_retry_delay": 0.01, "lost_response": 0.3}


@pytest.fixture
def carrier(aws: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of the carrier simulator. Its receipts go to our webhooks; unknown outcomes are reconciled within seconds."""
    with pipeline.webhook_server() as base, simulating(tmp_path, webhook_base=base, **QUICK) as url:
        monkeypatch.setenv("WEBHOOK_BASE_URL", base)
        monkeypatch.setenv("TWILIO_BASE_URL", url)
        monkeypatch.setenv("OUTCOME_CHECKS", "1,2")
        settings.cache_clear()
        for arn in (settings().campaign_send_arn, settings().scheduled_start_arn):
            boto3.client("stepfunctions").create_state_machine(
                name=arn.rsplit(":", 1)[1], definition="{}", roleArn="arn:aws:iam::123456789012:role/unit-test"
            )
        boto3.client("scheduler").create_schedule_group(Name=settings().schedule_group)
        pipeline.put_site()
        yield url


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> carriers.Clock:
    """Our clock, which the test can advance."""
    fake = carriers.Clock()
    monkeypatch.setattr(our_clock, "now", fake.now)
    return fake


@pytest.fixture
def customer(executions: customer_endpoint.Executions) -> Iterator[customer_endpoint.Customer]:
    """An endpoint that accepts every request until a test sets another answer."""
    with customer_endpoint.customer() as server:
        yield server


@pytest.fixture(params=carriers.ACCOUNTS)
def channel(
    request: pytest.FixtureRequest, aws: None, tmp_path: Path, clock: carriers.Clock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[carriers.Channel]:
    """Each simulated carrier in turn, with the channel accounts of the site."""
    monkeypatch.setattr(carrier_http, "READ_SECONDS", 2.0)
    # The carriers sign with the real time, and our clock may be hours ahead of it. tests/unit/carriers tests the limit.
    monkeypatch.setattr(telnyx, "_TOLERANCE_SECONDS", timedelta(days=365).total_seconds())
    monkeypatch.setattr(send_queue, "_MAX_DELAY_SECONDS", 0)
    with pipeline.webhook_server() as base, simulating(tmp_path, webhook_base=base, **QUICK) as url:
        monkeypatch.setenv("WEBHOOK_BASE_URL", base)
        monkeypatch.setenv("TWILIO_BASE_URL", url)
        monkeypatch.setenv("TELNYX_BASE_URL", url)
        settings.cache_clear()
        carriers.put_accounts()
        yield carriers.Channel(request.param, url, clock)


@pytest.fixture
def without_receipts(channel: carriers.Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    """The carrier's receipts never arrive."""
    monkeypatch.setenv("WEBHOOK_BASE_URL", "http://127.0.0.1:9")
    settings.cache_clear()
