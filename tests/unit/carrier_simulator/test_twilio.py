"""Behaviour that only Twilio has, observed with its SDK."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
import requests
from carrier_simulator import twilio
from requests.exceptions import RequestException
from twilio.base.exceptions import TwilioRestException

from tests.unit.carrier_simulator.clients import RefusedError, TwilioCarrier
from tests.unit.carrier_simulator.ledger_helpers import wait_for_receipts
from tests.unit.carrier_simulator.receiver import Receiver

TO = "+14155550199"


@pytest.fixture
def carrier(simulator: str) -> TwilioCarrier:
    return TwilioCarrier(simulator)


def test_the_signature_equals_the_example_in_twilios_documentation() -> None:
    parameters = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675309",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
    }
    signature = twilio.signature("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", parameters)
    assert signature == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def test_a_receipt_is_posted_as_often_as_the_fragment_asks_which_is_neither_sent_nor_signed(
    carrier: TwilioCarrier, simulator: str, receiver: Receiver
) -> None:
    receiver.statuses = [403] * 99
    carrier.send(TO, callback_url=receiver.url + "/status#rc=5&rp=all")
    wait_for_receipts(simulator)
    assert Counter(carrier.read(hook).status for hook in receiver.hooks) == {"sent": 6, "delivered": 6}
    assert {hook.url for hook in receiver.hooks} == {receiver.url + "/status"}


def test_the_response_is_a_queued_message(carrier: TwilioCarrier) -> None:
    message = carrier.sdk.messages.create(to=TO, from_=carrier.sender, body="é€" * 100)
    assert message.sid
    assert message.sid.startswith("SM")
    assert len(message.sid) == 34
    assert (message.status, message.num_segments, message.num_media) == ("queued", "2", "0")
    assert message.date_created
    assert abs(message.date_created - datetime.now(UTC)) < timedelta(seconds=5)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"To": ""}, 21604),
        ({"From": ""}, 21603),
        ({"Body": ""}, 21602),
        ({"Body": "x" * 1601}, 21617),
        ({"To": "4155550199"}, 21211),
        ({"From": "+15005550009"}, 21606),
        ({"StatusCallback": "http://under_score.example/status"}, 21609),
        ({"StatusCallback": "http://[broken"}, 21609),
        ({"MediaUrl": ["http://media.example/a.png"] * 11}, 21623),
    ],
)
def test_an_invalid_request_is_refused(carrier: TwilioCarrier, simulator: str, changes: dict[str, object], code: int) -> None:
    form = {"To": TO, "From": carrier.sender, "Body": "Hello", **changes}
    url = f"{simulator}/2010-04-01/Accounts/{carrier.account.sid}/Messages.json"
    response = requests.post(url, form, auth=(carrier.account.sid, carrier.account.token), timeout=5)
    assert (response.status_code, response.json()["code"], response.json()["status"]) == (400, code, 400)
    assert requests.get(f"{simulator}/_simulate/messages", timeout=5).json()["total"] == 0


@pytest.mark.parametrize("charset", ["utf-8", "invented"])
def test_a_form_that_is_no_text_is_refused(carrier: TwilioCarrier, simulator: str, charset: str) -> None:
    url = f"{simulator}/2010-04-01/Accounts/{carrier.account.sid}/Messages.json"
    headers = {"Content-Type": f"application/x-www-form-urlencoded; charset={charset}"}
    response = requests.post(url, b"Body=\xff", headers=headers, timeout=5)
    assert (response.status_code, response.json()["code"]) == (400, 20001)


def test_a_wrong_token_is_refused(simulator: str) -> None:
    with pytest.raises(RefusedError) as refused:
        TwilioCarrier(simulator, token="wrong").send(TO)
    assert (refused.value.status, refused.value.code) == (401, "20003")


@pytest.mark.parametrize("auth", [None, (TwilioCarrier.account.sid, TwilioCarrier.account.token)])
def test_an_account_requires_its_own_credentials(simulator: str, auth: tuple[str, str] | None) -> None:
    url = f"{simulator}/2010-04-01/Accounts/ACbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb/Messages.json"
    response = requests.get(url, auth=auth, timeout=5)
    assert (response.status_code, response.json()["code"]) == (401, 20003)


def test_an_unknown_message_is_not_found(carrier: TwilioCarrier) -> None:
    with pytest.raises(TwilioRestException) as missing:
        carrier.sdk.messages("SM" + "0" * 32).fetch()
    assert (missing.value.status, missing.value.code) == (404, 20404)


def test_a_messaging_service_selects_a_number_of_the_account_after_its_answer(carrier: TwilioCarrier) -> None:
    message = carrier.sdk.messages.create(to=TO, messaging_service_sid="MG" + "0" * 32, body="Hello")
    assert (message.from_, message.messaging_service_sid) == (None, "MG" + "0" * 32)
    assert carrier.sdk.messages(message.sid).fetch().from_ in ("+15005550006", "+15005550007")


@pytest.mark.parametrize("sender", ["68849", "R&D Shop"])
def test_short_codes_and_names_are_senders(carrier: TwilioCarrier, sender: str) -> None:
    assert carrier.sdk.messages.create(to=TO, from_=sender, body="Hello").from_ == sender


@pytest.mark.parametrize("sender", [{"from_": "+15005550099"}, {"messaging_service_sid": "MG1"}])
def test_a_number_of_others_or_an_unknown_service_is_refused(carrier: TwilioCarrier, sender: dict[str, str]) -> None:
    with pytest.raises(TwilioRestException) as refused:
        carrier.sdk.messages.create(to=TO, body="Hello", **sender)
    assert refused.value.code in (21606, 21701)


def test_new_messages_do_not_shift_the_pages_of_a_list(carrier: TwilioCarrier) -> None:
    sent = [carrier.send(TO, str(number)) for number in range(5)]
    listed = []
    # Limited, because shifted pages would never end.
    for message in islice(carrier.sdk.messages.stream(to=TO, page_size=2), 2 * len(sent)):
        listed.append(message.sid)
        carrier.send(TO, "meanwhile")
    assert listed == sent[::-1]


def test_the_list_contains_a_message_whose_response_was_lost(carrier: TwilioCarrier) -> None:
    before, lost = datetime.now(UTC).replace(microsecond=0), "+14155550106"
    carrier.send(TO)
    with pytest.raises(RequestException):
        carrier.send(lost, "Are you there?")
    [message] = carrier.sdk.messages.list(to=lost, from_=carrier.sender, date_sent_after=before)
    assert (message.to, message.body) == (lost, "Are you there?")


@pytest.mark.parametrize(
    ("days", "bound", "count"),
    [(1, "date_sent_after", 0), (-1, "date_sent_after", 1), (1, "date_sent_before", 1), (-1, "date_sent_before", 0)],
)
def test_the_list_is_filtered_by_date(carrier: TwilioCarrier, days: int, bound: str, count: int) -> None:
    carrier.send(TO)
    assert len(carrier.sdk.messages.list(**{bound: datetime.now(UTC) + timedelta(days=days)})) == count
