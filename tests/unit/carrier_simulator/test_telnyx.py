"""Behaviour that only Telnyx has, observed with its SDK."""

from __future__ import annotations

import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

import pytest
import requests

from tests.unit.carrier_simulator.clients import RefusedError, TelnyxCarrier
from tests.unit.carrier_simulator.conftest import Serve
from tests.unit.carrier_simulator.ledger_helpers import accepted, outcomes, wait_for_receipts
from tests.unit.carrier_simulator.receiver import Receiver

TO = "+14155550199"
BODY = {"to": TO, "from": TelnyxCarrier.sender, "text": "Hello"}
AUTHORIZATION = {"Authorization": f"Bearer {TelnyxCarrier.account.key}"}


@pytest.fixture
def carrier(simulator: str) -> TelnyxCarrier:
    return TelnyxCarrier(simulator)


@pytest.mark.parametrize(("text", "encoding", "parts"), [("Hello", "GSM-7", 1), ("5 € off", "UCS-2", 1), ("[" * 81, "GSM-7", 2)])
def test_the_response_is_a_queued_message(carrier: TelnyxCarrier, text: str, encoding: str, parts: int) -> None:
    message = carrier.sdk.messages.send(to=TO, from_=carrier.sender, text=text).data
    assert message
    assert message.to
    assert (message.to[0].status, message.encoding, message.parts) == ("queued", encoding, parts)


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"to": ""}, 422, "10004"),
        ({"from": None}, 422, "10004"),
        ({"text": ""}, 422, "10004"),
        ({"to": "4155550199"}, 400, "40310"),
        ({"to": [TO, TO]}, 400, "40310"),
        ({"from": "+15005550006"}, 400, "40305"),
        ({"text": "x" * 1531}, 400, "40302"),
    ],
)
def test_an_invalid_request_is_refused(simulator: str, changes: dict[str, object], status: int, code: str) -> None:
    response = requests.post(f"{simulator}/v2/messages", json=BODY | changes, headers=AUTHORIZATION, timeout=5)
    assert (response.status_code, response.json()["errors"][0]["code"]) == (status, code)
    assert accepted(simulator) == []


def test_a_message_may_have_ten_parts(carrier: TelnyxCarrier) -> None:
    assert carrier.send(TO, "x" * 1530)


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b"[" * 100_000, b'{"text": "\\ud83d"}'], ids=range(5))
def test_a_malformed_body_is_refused(simulator: str, body: bytes) -> None:
    response = requests.post(f"{simulator}/v2/messages", body, headers=AUTHORIZATION, timeout=5)
    assert (response.status_code, response.json()["errors"][0]["code"]) == (400, "10015")


def test_a_wrong_key_is_refused(simulator: str) -> None:
    with pytest.raises(RefusedError) as refused:
        TelnyxCarrier(simulator, key="wrong").send(TO)
    assert (refused.value.status, refused.value.code) == (401, "10009")


def test_a_429_has_a_reset_header(simulator: str) -> None:
    body = BODY | {"to": "+14155550104"}
    response = requests.post(f"{simulator}/v2/messages", json=body, headers=AUTHORIZATION, timeout=5)
    assert (response.status_code, response.headers["x-ratelimit-reset"]) == (429, "1")


def test_a_repeated_key_gets_the_first_response_and_creates_no_message(carrier: TelnyxCarrier, simulator: str) -> None:
    headers = AUTHORIZATION | {"Idempotency-Key": str(uuid.uuid4())}
    first = requests.post(f"{simulator}/v2/messages", json=BODY, headers=headers, timeout=5)
    wait_for_receipts(simulator)
    second = requests.post(f"{simulator}/v2/messages", json=BODY, headers=headers, timeout=5)
    assert (second.status_code, second.content) == (200, first.content)
    assert outcomes(simulator, TO) == ["accepted", "replayed"]
    assert len(accepted(simulator)) == 1
    assert carrier.status(first.json()["data"]["id"]) == "delivered"


def test_a_lost_response_is_recovered_with_the_idempotency_key(carrier: TelnyxCarrier, simulator: str) -> None:
    lost, key = "+14155550106", str(uuid.uuid4())
    with pytest.raises(Exception, match=r"(?i)connection"):
        carrier.send(lost, idempotency_key=key)
    [message] = accepted(simulator)
    assert carrier.send(lost, idempotency_key=key) == message["sid"]


def test_a_key_with_another_body_is_refused(carrier: TelnyxCarrier) -> None:
    key = str(uuid.uuid4())
    carrier.send(TO, "one", idempotency_key=key)
    with pytest.raises(RefusedError) as refused:
        carrier.send(TO, "two", idempotency_key=key)
    assert refused.value.status == 422


def test_a_refusal_is_not_replayed(carrier: TelnyxCarrier, simulator: str) -> None:
    key = str(uuid.uuid4())
    with pytest.raises(RefusedError):
        carrier.send("+14155550105", idempotency_key=key)
    carrier.send("+14155550105", idempotency_key=key)
    assert len(accepted(simulator)) == 1


def test_a_concurrent_request_with_the_same_key_is_a_conflict(serve: Serve) -> None:
    simulator, headers, barrier = serve(latency=0.5), AUTHORIZATION | {"Idempotency-Key": "once"}, Barrier(2)

    def send(_: int) -> requests.Response:
        barrier.wait()
        return requests.post(f"{simulator}/v2/messages", json=BODY, headers=headers, timeout=5)

    with ThreadPoolExecutor(2) as pool:
        first, second = sorted(pool.map(send, range(2)), key=lambda response: response.status_code)
    assert (first.status_code, second.status_code, second.json()["errors"][0]["code"]) == (200, 409, "10036")
    assert len(accepted(simulator)) == 1


@pytest.mark.parametrize("key", ["x" * 256, "with space", ""])
def test_a_malformed_key_is_refused(simulator: str, key: str) -> None:
    response = requests.post(f"{simulator}/v2/messages", json=BODY, headers=AUTHORIZATION | {"Idempotency-Key": key}, timeout=5)
    assert response.status_code == 400


def test_a_message_without_a_webhook_url_reports_to_its_profile(carrier: TelnyxCarrier, receiver: Receiver) -> None:
    sid = carrier.send(TO)
    assert {carrier.read(hook).sid for hook in receiver.wait_for(2)} == {sid}
    assert receiver.hooks[0].url.startswith(f"{receiver.url}/webhooks/telnyx/{carrier.channel}")


def test_an_event_has_the_very_time_at_which_it_occurred(carrier: TelnyxCarrier, simulator: str, receiver: Receiver) -> None:
    start = time.time()
    requests.post(f"{simulator}/_simulate/inbound", json={"from": TO, "to": carrier.sender, "body": "YES"}, timeout=5)
    occurred = datetime.fromisoformat(json.loads(receiver.hooks[0].body)["data"]["occurred_at"])
    assert start - 0.001 < occurred.timestamp() < time.time()  # milliseconds: a reply in the second of an opt-out comes after it


def test_an_unknown_message_is_not_found(simulator: str) -> None:
    response = requests.get(f"{simulator}/v2/messages/{uuid.uuid4()}", headers=AUTHORIZATION, timeout=5)
    assert (response.status_code, response.json()["errors"][0]["code"]) == (404, "10005")
