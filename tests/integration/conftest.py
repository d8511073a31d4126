"""Fixtures of the tests that run a campaign the whole way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from outreach import clock as our_clock
from outreach.sending import carrier_http, queue
from outreach.settings import settings
from tests.support import callbacks, carriers, pipeline
from tests.support.simulator import simulating

QUICK: dict[str, Any] = {"latency": 0, "receipt_delay": 0.01, "receipt_retry_delay": 0.01, "lost_answer": 0.3}


@pytest.fixture
def carrier(aws: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The simulator, its receipts going to our webhooks; the answer lost is found out about at once."""
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
    """Our clock, to be put forward."""
    ours = carriers.Clock()
    monkeypatch.setattr(our_clock, "now", ours.now)
    return ours


@pytest.fixture
def now(aws: None, monkeypatch: pytest.MonkeyPatch) -> callbacks.Clock:
    """Time stands still."""
    frozen = callbacks.Clock()
    monkeypatch.setattr(our_clock, "now", frozen)
    return frozen


@pytest.fixture(params=carriers.ACCOUNTS)
def channel(
    request: pytest.FixtureRequest, aws: None, tmp_path: Path, clock: carriers.Clock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[carriers.Channel]:
    """Each of the simulated carriers, with an account of ours there."""
    monkeypatch.setattr(carrier_http, "READ_SECONDS", 2.0)
    monkeypatch.setattr(queue, "_MAX_DELAY_SECONDS", 0)
    with pipeline.webhook_server() as base, simulating(tmp_path, webhook_base=base, **QUICK) as url:
        monkeypatch.setenv("WEBHOOK_BASE_URL", base)
        monkeypatch.setenv("TWILIO_BASE_URL", url)
        monkeypatch.setenv("TELNYX_BASE_URL", url)
        settings.cache_clear()
        carriers.put_accounts()
        yield carriers.Channel(request.param, url, clock)


@pytest.fixture
def without_receipts(channel: carriers.Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    """The carrier's receipts never reach us."""
    monkeypatch.setenv("WEBHOOK_BASE_URL", "http://127.0.0.1:9")
    settings.cache_clear()
