"""Our clients against the simulated carriers: each outcome with the number of messages that the carrier has taken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from outreach.sending import carrier_http, twilio
from outreach.sending.outcomes import Accepted, Deferred, Refused, Text, Unknown
from outreach.sites.models import ChannelAccount
from tests.support.simulator import simulating
from tests.unit.sending.examples import TELNYX, TWILIO, Example


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
    with simulating(tmp_path, latency=0.0, lost_answer=0.0) as url:
        yield url


@pytest.fixture(params=EXAMPLES)
def carrier(request: pytest.FixtureRequest) -> Example:
    return EXAMPLES[request.param]


def text_to(carrier: Example, ending: str) -> Text:
    return Text(
        "8e03978e-40d5-43e8-bc93-6894a57f9326", carrier.account.number, f"+1202555{ending}", "Hi", "http://127.0.0.1:1/status"
    )


def taken(base_url: str) -> list[dict[str, Any]]:
    return requests.get(f"{base_url}/_simulate/messages", timeout=5).json()["messages"]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("ending", "outcomes", "messages"),
    [
        ("0199", [Accepted], 1),
        ("0101", [Refused], 0),
        ("0102", [Refused], 0),
        ("0104", [Deferred, Deferred, Accepted], 1),
        ("0105", [Unknown, Accepted], 1),
        ("0106", [Unknown], 1),
    ],
)
def test_each_outcome(carrier: Example, base_url: str, ending: str, outcomes: list[type], messages: int) -> None:
    given = [type(carrier.send(base_url, text_to(carrier, ending))) for _ in outcomes]
    assert (given, len(taken(base_url))) == (outcomes, messages)


def test_an_opt_out_is_told_apart(carrier: Example, base_url: str) -> None:
    outcome = carrier.send(base_url, text_to(carrier, "0102"))
    assert isinstance(outcome, Refused)
    assert outcome.opted_out


def test_wrong_credentials_are_the_accounts_fault(carrier: Example, base_url: str) -> None:
    stranger = replace(carrier, credentials={"token": "x", "api_key": "x"})
    outcome = stranger.send(base_url, text_to(carrier, "0199"))
    assert isinstance(outcome, Refused)
    assert outcome.account_fault


def test_telnyx_repeats_its_lost_answer_and_not_the_message(base_url: str) -> None:
    carrier = EXAMPLES["telnyx"]
    text = text_to(carrier, "0106")
    assert isinstance(carrier.send(base_url, text), Unknown)
    outcome = carrier.send(base_url, text)
    assert [message["sid"] for message in taken(base_url)] == [getattr(outcome, "carrier_message_id", "")]


def test_twilio_lists_the_message_whose_answer_was_lost(base_url: str) -> None:
    carrier = EXAMPLES["twilio"]
    text, since = text_to(carrier, "0106"), datetime.now(UTC)
    assert isinstance(carrier.send(base_url, text), Unknown)
    listed = twilio.candidates(
        carrier.account, carrier.credentials, text.sender, text.recipient, text.body, since, base_url=base_url
    )
    assert listed == [message["sid"] for message in taken(base_url)]
