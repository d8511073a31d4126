"""Logs contain ids, but never message bodies, phone numbers or secrets, even when calls fail."""

from __future__ import annotations

import io
import json
import random
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.reliability.conftest import Systems
from tests.reliability.test_campaigns import EVERYBODY, PLAIN, is_over, send_through, start
from tests.support import pipeline
from tests.support.carriers import CREDENTIALS
from tests.support.crash_points import Calls, Fault

REPLY = "My number changed to +12125559876"
SECRETS = [
    *("+1212555", "2125550", "Hello ", "Ada", "My number", "Bearer", "Authorization"),
    *(secret for credentials in CREDENTIALS.values() for name, secret in credentials.items() if name != "public_key"),
    pipeline.CALLBACK_SECRET,
    pipeline.CALLBACK_SECRET.removeprefix("whsec_"),
]


@pytest.mark.parametrize("carrier", CREDENTIALS)
def test_logs_have_no_body_number_or_secret(
    systems: Systems, log: io.StringIO, capsys: pytest.CaptureFixture[str], carrier: str
) -> None:
    chance = random.Random(1)
    faults = {step: chance.choice([Fault.REFUSED, Fault.LOST]) for step in range(1, 300) if chance.random() < 0.05}
    with systems(Calls(faults.get)) as system:
        send_through(system, EVERYBODY, carrier, receipts=False)
        inbound = {"from": PLAIN, "to": pipeline.ACCOUNT.number, "body": REPLY}
        with ThreadPoolExecutor() as pool:
            response = pool.submit(requests.post, f"{system.simulator}/_simulate/inbound", json=inbound, timeout=30)
            system.run_until(response.done)
    lines = log.getvalue() + capsys.readouterr().out
    assert all(event in lines for event in ("carrier called", "receipt", "callbacks attempted", "inbound message"))
    assert all(metric in lines for metric in ("MessagesQueued", "MessagesSent", "TimeInQueue", "OutcomesUnknown"))
    assert [secret for secret in SECRETS if secret in lines] == []


def test_ids_in_logs_connect_a_request_to_its_callback(systems: Systems, log: io.StringIO) -> None:
    with systems() as system:
        record_id = start((PLAIN,), "twilio")
        system.run_until(lambda: is_over(record_id, system.callbacks(), receipts=True))
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    (sent,) = [line for line in lines if line["message"] == "campaign sent"]
    assert sent["record_id"] == record_id
    assert sent["correlation_id"]
    (message_id,) = system.callbacks()
    # Sends and callbacks that succeed have lines of their own at DEBUG only, because a line for each message costs too much.
    assert {line["message"] for line in lines if message_id in line.get("subject_ids", [])} == {"callbacks attempted"}
