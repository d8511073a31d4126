"""Our clients against the simulated carriers: each outcome, and the number of messages that the carrier has accepted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from outreach.carriers import carrier_http, twilio
from outreach.carriers.outcomes import Accepted, OutboundSms, Refused, Throttled, Unknown
from outreach.carriers.protocol import Candidates
from outreach.sites.models import ChannelAccount
from tests.support.simulator import simulating
from tests.unit.carriers.examples import TELNYX, TWILIO, Example


def example(base: Example, number: str, carrier_account: str, **credentials: str) -> Example:
    account = ChannelAccount("account", "10000", base.account.carrier, number, carrier_account, 100.0)
    return replace(base, account=account, credentials=credentials)


EXAMPLES = {
    "twilio": example(TWILIO, "+15005550006", "AC" + "a" * 32, token="local-twilio-token"),
    "telnyx": example(TELNYX, "+15005550008", "", api_key="local-telnyx-key"),
}


@pytest.fixture
def base_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(carrier_http, "READ_SECONDS", 2.0)
    with simulating(tmp_path, latency=0.0, lost_response=0.0) as url:
        yield url


@pytest.fixture(params=EXAMPLES)
def carrier(request: pytest.FixtureRequest) -> Example:
    return EXAMPLES[request.param]


def text_to(carrier: Example, suffix: str) -> OutboundSms:
    return OutboundSms(
        "8e03978e-40d5-43e8-bc93-6894a57f9326", carrier.account.number, f"+1202555{suffix}", "Hi", "http://127.0.0.1:1/status"
    )


def accepted(base_url: str) -> list[dict[str, Any]]:
    return requests.get(f"{base_url}/_simulate/messages", timeout=5).json()["messages"]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("suffix", "outcomes", "messages"),
    [
        ("0199", [Accepted], 1),
        ("0101", [Refused], 0),
        ("0102", [Refused], 0),
        ("0104", [Throttled, Throttled, Accepted], 1),
        ("0105", [Unknown, Accepted], 1),
        ("0106", [Unknown], 1),
    ],
)
def test_each_number_has_its_outcomes(carrier: Example, base_url: str, suffix: str, outcomes: list[type], messages: int) -> None:
    actual = [type(carrier.send(base_url, text_to(carrier, suffix))) for _ in outcomes]
    assert (actual, len(accepted(base_url))) == (outcomes, messages)


def test_an_opt_out_is_recognised(carrier: Example, base_url: str) -> None:
    outcome = carrier.send(base_url, text_to(carrier, "0102"))
    assert isinstance(outcome, Refused)
    assert outcome.opted_out


def test_wrong_credentials_are_a_fault_of_the_account(carrier: Example, base_url: str) -> None:
    unauthorised = replace(carrier, credentials={"token": "x", "api_key": "x"})
    outcome = unauthorised.send(base_url, text_to(carrier, "0199"))
    assert isinstance(outcome, Refused)
    assert outcome.account_fault


def test_telnyx_repeats_a_lost_response_but_not_the_message(base_url: str) -> None:
    carrier = EXAMPLES["telnyx"]
    text = text_to(carrier, "0106")
    assert isinstance(carrier.send(base_url, text), Unknown)
    outcome = carrier.send(base_url, text)
    assert [message["sid"] for message in accepted(base_url)] == [getattr(outcome, "carrier_message_id", "")]


def test_twilio_lists_a_message_whose_response_was_lost(base_url: str) -> None:
    carrier = EXAMPLES["twilio"]
    text, since = text_to(carrier, "0106"), datetime.now(UTC)
    assert isinstance(carrier.send(base_url, text), Unknown)
    candidates = twilio.reconcile(carrier.account, carrier.credentials, text, since, base_url=base_url)
    assert candidates == Candidates({message["sid"]: message["from"] for message in accepted(base_url)})
