"""Every simulated outcome at both carriers, observed with the official SDKs."""

from __future__ import annotations

import pytest

from tests.unit.carrier_simulator.clients import Carrier, RefusedError
from tests.unit.carrier_simulator.ledger_helpers import accepted, outcomes
from tests.unit.carrier_simulator.receiver import Receiver

REFUSALS = [
    ("0101", {"twilio": (400, "21211"), "telnyx": (400, "40310")}),
    ("0102", {"twilio": (400, "21610"), "telnyx": (409, "40300")}),
]
TEMPORARY_REFUSALS = [
    ("0104", 2, {"twilio": (429, "20429"), "telnyx": (429, "10011")}),
    ("0105", 1, {"twilio": (500, "20500"), "telnyx": (500, "10007")}),
]


def number(digits: str) -> str:
    return f"+1415555{digits}"


def test_a_message_to_any_other_number_is_delivered(carrier: Carrier, receiver: Receiver) -> None:
    sid = carrier.send("+14155550199", callback_url=f"{receiver.url}/status")
    reports = [carrier.read(hook) for hook in receiver.wait_for(2)]
    assert [(report.sid, report.status, report.error_code) for report in reports] == [
        (sid, "sent", None),
        (sid, "delivered", None),
    ]
    assert carrier.status(sid) == "delivered"


@pytest.mark.parametrize(("digits", "responses"), REFUSALS)
def test_a_refused_recipient_is_never_accepted(
    carrier: Carrier, simulator: str, digits: str, responses: dict[str, tuple[int, str]]
) -> None:
    for _ in range(2):
        with pytest.raises(RefusedError) as refused:
            carrier.send(number(digits))
        assert (refused.value.status, refused.value.code) == responses[carrier.name]
    assert outcomes(simulator, number(digits)) == ["refused", "refused"]
    assert accepted(simulator, to=number(digits)) == []


@pytest.mark.parametrize(("digits", "times", "responses"), TEMPORARY_REFUSALS)
def test_a_temporarily_refused_message_is_accepted_once_in_the_end(
    carrier: Carrier, simulator: str, digits: str, times: int, responses: dict[str, tuple[int, str]]
) -> None:
    for _ in range(times):
        with pytest.raises(RefusedError) as refused:
            carrier.send(number(digits))
        assert (refused.value.status, refused.value.code) == responses[carrier.name]
        assert accepted(simulator, to=number(digits)) == []
    sid = carrier.send(number(digits))
    assert outcomes(simulator, number(digits)) == [str(responses[carrier.name][0])] * times + ["accepted"]
    assert [(message["sid"], message["requests"]) for message in accepted(simulator, to=number(digits))] == [(sid, times + 1)]


def test_each_message_is_temporarily_refused_on_its_own(carrier: Carrier, simulator: str) -> None:
    for body in ("first", "second", "first"):
        with pytest.raises(RefusedError):
            carrier.send(number("0105"), body)
        carrier.send(number("0105"), body)
    assert len(accepted(simulator, to=number("0105"))) == 3


def test_an_undelivered_message_has_an_error_code(carrier: Carrier, receiver: Receiver) -> None:
    sid = carrier.send(number("0103"), callback_url=receiver.url + "/status")
    last = carrier.read(receiver.wait_for(2)[-1])
    assert (last.status, last.error_code) == (carrier.undelivered, {"twilio": "30005", "telnyx": "40008"}[carrier.name])
    assert carrier.status(sid) == carrier.undelivered


def test_a_message_with_a_lost_response_is_accepted(carrier: Carrier, simulator: str, receiver: Receiver) -> None:
    with pytest.raises(Exception, match=r"(?i)connection"):
        carrier.send(number("0106"), callback_url=receiver.url + "/status")
    assert outcomes(simulator, number("0106")) == ["lost"]
    [message] = accepted(simulator, to=number("0106"))
    assert [carrier.read(hook).sid for hook in receiver.wait_for(2)] == [message["sid"]] * 2


def test_receipts_can_arrive_before_the_response(carrier: Carrier, receiver: Receiver) -> None:
    sid = carrier.send(number("0107"), callback_url=receiver.url + "/status")
    assert [carrier.read(hook).sid for hook in receiver.hooks] == [sid, sid]


def test_receipts_out_of_order_do_not_revert_the_status(carrier: Carrier, receiver: Receiver) -> None:
    sid = carrier.send(number("0108"), callback_url=receiver.url + "/status")
    assert [carrier.read(hook).status for hook in receiver.wait_for(2)] == ["delivered", "sent"]
    assert carrier.status(sid) == "delivered"
