"""Delivery of status webhooks."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.unit.carrier_simulator.clients import Carrier
from tests.unit.carrier_simulator.ledger_helpers import wait_for_receipts
from tests.unit.carrier_simulator.receiver import Receiver

TO = "+14155550199"
ATTEMPTS = {"twilio": 2, "telnyx": 3}


def test_a_failed_webhook_is_retried_as_the_same_event(carrier: Carrier, simulator: str, receiver: Receiver) -> None:
    receiver.statuses = [503]
    carrier.send(TO, callback_url=receiver.url + "/status")
    wait_for_receipts(simulator)
    reports = [carrier.read(hook) for hook in receiver.hooks]
    assert Counter(report.status for report in reports) == {"sent": 2, "delivered": 1}
    assert len({report.event for report in reports}) == 2


def test_a_webhook_is_abandoned_after_its_last_attempt(carrier: Carrier, simulator: str, receiver: Receiver) -> None:
    receiver.statuses = [503] * 99
    carrier.send(TO, callback_url=receiver.url + "/status")
    wait_for_receipts(simulator)
    statuses = Counter(carrier.read(hook).status for hook in receiver.hooks)
    assert statuses == {"sent": ATTEMPTS[carrier.name], "delivered": ATTEMPTS[carrier.name]}


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/status", "http://127.0.0.1:99999/status"])
def test_a_message_is_delivered_even_if_its_webhook_url_is_unreachable(carrier: Carrier, simulator: str, url: str) -> None:
    sid = carrier.send(TO, callback_url=url)
    wait_for_receipts(simulator)
    assert carrier.status(sid) == "delivered"


def test_the_signature_covers_the_unchanged_callback_url(carrier: Carrier, simulator: str, receiver: Receiver) -> None:
    url = f"{receiver.url}/status/a%3Ab?key=m%2F1&x=%7e"
    carrier.send(TO, callback_url=url)
    wait_for_receipts(simulator)
    assert [hook.url for hook in receiver.hooks] == [url, url]
    assert {carrier.read(hook).status for hook in receiver.hooks} == {"sent", "delivered"}
