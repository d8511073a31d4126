"""Logs have ids; no body, number or secret is in them, whatever goes wrong."""

from __future__ import annotations

import io
import json
import logging
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from outreach.observability import logger
from tests.reliability.conftest import Worlds
from tests.reliability.test_campaigns import EVERYBODY, PLAIN, is_over, send_through, start
from tests.support import pipeline
from tests.support.carriers import CREDENTIALS
from tests.support.crashes import Calls, Fault

REPLY = "My number changed to +12125559876"
NEVER = [
    *("+1212555", "2125550", "Hello ", "Ada", "My number", "Bearer", "Authorization"),
    *(secret for credentials in CREDENTIALS.values() for name, secret in credentials.items() if name != "public_key"),
    pipeline.CALLBACK_SECRET,
    pipeline.CALLBACK_SECRET.removeprefix("whsec_"),
]


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that is logged."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(logger().registered_formatter)
    logger().addHandler(handler)
    yield text
    logger().removeHandler(handler)


@pytest.mark.parametrize("carrier", CREDENTIALS)
def test_a_log_has_no_body_number_or_secret(
    worlds: Worlds, log: io.StringIO, capsys: pytest.CaptureFixture[str], carrier: str
) -> None:
    chance = random.Random(1)
    faults = {step: chance.choice([Fault.REFUSED, Fault.LOST]) for step in range(1, 300) if chance.random() < 0.05}
    with worlds(Calls(faults.get)) as world:
        send_through(world, EVERYBODY, carrier, receipts=False)
        inbound = {"from": PLAIN, "to": pipeline.ACCOUNT.number, "body": REPLY}
        with ThreadPoolExecutor() as pool:
            answered = pool.submit(requests.post, f"{world.simulator}/_simulate/inbound", json=inbound, timeout=30)
            world.run_until(answered.done)
    lines = log.getvalue() + capsys.readouterr().out
    assert all(event in lines for event in ("carrier asked", "receipt", "callback", "inbound message"))
    assert all(metric in lines for metric in ("MessagesQueued", "MessagesSent", "TimeInQueue", "OutcomesUnknown"))
    assert [trace for trace in NEVER if trace in lines] == []


def test_a_request_is_followed_to_its_callback_by_ids(worlds: Worlds, log: io.StringIO) -> None:
    with worlds() as world:
        record_id = start((PLAIN,), "twilio")
        world.run_until(lambda: is_over(record_id, world.told(), receipts=True))
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    (sent,) = [line for line in lines if line["message"] == "campaign sent"]
    assert sent["record_id"] == record_id
    assert sent["correlation_id"]
    (message_id,) = world.told()
    # What goes well at the carrier is logged at DEBUG only: a line for each message has its price.
    assert {line["message"] for line in lines if line.get("message_id") == message_id} >= {"callback"}
