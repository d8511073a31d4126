"""The endpoints below ``/_simulate``."""

from __future__ import annotations

import pytest
import requests

from tests.unit.carrier_simulator.clients import Carrier
from tests.unit.carrier_simulator.conftest import Serve
from tests.unit.carrier_simulator.ledger_helpers import accepted, outcomes, wait_for_receipts
from tests.unit.carrier_simulator.receiver import Receiver, serve_receiver

TO = "+14155550199"


def test_an_inbound_message_is_posted_to_the_url_of_its_channel(carrier: Carrier, simulator: str, receiver: Receiver) -> None:
    message = {"from": TO, "to": carrier.sender, "body": "Stop it & go"}
    response = requests.post(f"{simulator}/_simulate/inbound", json=message, timeout=5)
    [hook] = receiver.hooks
    assert hook.url == f"{receiver.url}/webhooks/{carrier.name}/{carrier.channel}/inbound"
    assert carrier.read_inbound(hook) == (TO, carrier.sender, "Stop it & go")
    assert response.json() == {"url": hook.url, "status": 200, "contentType": "text/xml", "body": "<Response/>"}


def test_the_address_of_the_simulator_leads_to_its_messages(simulator: str) -> None:
    assert requests.get(simulator, timeout=5).json()["messages"] == []


def test_an_inbound_message_can_be_repeated_at_another_url_with_extra_fields(
    carrier: Carrier, simulator: str, receiver: Receiver
) -> None:
    message = {"from": TO, "to": carrier.sender, "id": "twice", "url": f"{receiver.url}/else", "extra": {"Colour": "blue"}}
    for _ in range(2):
        requests.post(f"{simulator}/_simulate/inbound", json=message, timeout=5)
    assert [hook.url for hook in receiver.hooks] == [f"{receiver.url}/else"] * 2
    assert all(b"twice" in hook.body and b"blue" in hook.body for hook in receiver.hooks)
    carrier.read_inbound(receiver.hooks[0])


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ({"from": TO, "to": "+15005550999"}, 404),
        ({"from": TO, "to": "+15005550006", "carrier": "telnyx"}, 404),
        ({"from": TO}, 400),
        ({"from": TO, "to": "+15005550006", "unknown": 1}, 400),
    ],
)
def test_an_invalid_inbound_message_is_refused(simulator: str, message: dict[str, object], status: int) -> None:
    assert requests.post(f"{simulator}/_simulate/inbound", json=message, timeout=5).status_code == status


@pytest.mark.parametrize("body", [b"{", b"[1]", b"\xff", b"[" * 100_000], ids=range(4))
def test_a_malformed_inbound_message_is_refused(simulator: str, body: bytes) -> None:
    assert requests.post(f"{simulator}/_simulate/inbound", body, timeout=5).status_code == 400


@pytest.mark.parametrize("number", ["9" * 30, "-" + "9" * 30])
def test_a_page_after_every_message_is_empty(carrier: Carrier, simulator: str, number: str) -> None:
    carrier.send(TO)
    page = requests.get(f"{simulator}/_simulate/messages", {"since": number}, timeout=5)
    assert (page.status_code, len(page.json()["messages"])) == (200, 1 if number.startswith("-") else 0)


def test_an_inbound_message_to_an_unreachable_url_is_a_502(serve: Serve) -> None:
    with serve_receiver() as stopped:
        pass
    response = requests.post(
        f"{serve(webhook_base=stopped.url)}/_simulate/inbound", json={"from": TO, "to": "+15005550006"}, timeout=5
    )
    assert response.status_code == 502


def test_messages_are_listed_in_pages(carrier: Carrier, simulator: str) -> None:
    sent = [carrier.send(TO, str(number)) for number in range(3)]
    first = requests.get(f"{simulator}/_simulate/messages", {"limit": 2}, timeout=5).json()
    rest = requests.get(f"{simulator}/_simulate/messages", {"limit": 2, "since": first["next"]}, timeout=5).json()
    assert [message["sid"] for message in first["messages"] + rest["messages"]] == sent
    assert (first["total"], rest["next"]) == (3, None)


@pytest.mark.parametrize("name", ["to", "from", "carrier", "account"])
def test_messages_are_filtered(carrier: Carrier, simulator: str, name: str) -> None:
    sid = carrier.send(TO)
    [message] = accepted(simulator)
    assert [match["sid"] for match in accepted(simulator, **{name: message[name]})] == [sid]
    assert accepted(simulator, **{name: "other"}) == []


def test_delete_removes_messages_requests_and_receipts(carrier: Carrier, serve: Serve, receiver: Receiver) -> None:
    simulator = serve(receipt_delay=0.2)
    customer = type(carrier)(simulator)  # type: ignore[call-arg]
    customer.send(TO, callback_url=receiver.url + "/status")
    assert requests.delete(f"{simulator}/_simulate/messages", timeout=5).status_code == 204
    assert accepted(simulator) == []
    assert outcomes(simulator, TO) == []
    later = customer.send(TO, callback_url=receiver.url + "/status")
    wait_for_receipts(simulator)
    assert [customer.read(hook).sid for hook in receiver.hooks] == [later, later]
