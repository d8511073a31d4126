"""A channel account sends from a number, a short code, a name or a pool. ``from`` is what the recipient sees."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import requests

from outreach import clock
from outreach.messages import message_store
from outreach.messages.models import Message
from outreach.sending import send_queue
from outreach.sites import site_store
from outreach.sites.models import ChannelAccount
from tests.support.carriers import Channel, status
from tests.support.pipeline import SITE

NUMBER = "+12125550199"
MESSAGE_ID = "8e03978e-40d5-43e8-bc93-6894a57f9326"
PROFILE = "4001017c-8e05-4fe8-8d5b-d3c5c3a1f1e1"
POOLS = {"twilio": "MG" + "a" * 32, "telnyx": PROFILE}


def use(channel: Channel, sender: str) -> ChannelAccount:
    """Let the channel's account send from another sender."""
    account = replace(channel.account, number=sender, carrier_account=channel.account.carrier_account or PROFILE)
    site_store.put_account(account)
    return account


def queue(account: ChannelAccount, recipient: str = NUMBER) -> None:
    slot = clock.timestamp(clock.now())
    message = Message(MESSAGE_ID, SITE, "contact", account.id, account.sender, recipient, "Hello", slot)
    message_store.create_many([message])
    send_queue.enqueue([message], [0.0])


def stored() -> Message:
    return message_store.get(SITE, MESSAGE_ID)


def accepted(channel: Channel) -> list[dict[str, Any]]:
    answer = requests.get(f"{channel.simulator}/_simulate/messages", timeout=5)
    return list(answer.json()["messages"])


def numbers_of(channel: Channel) -> list[str]:
    return {"twilio": ["+15005550006", "+15005550007"], "telnyx": ["+15005550008"]}[channel.name]


@pytest.mark.parametrize("sender", ["68849", "My Shop"])
def test_a_message_is_sent_from_a_short_code_or_a_name(channel: Channel, sender: str) -> None:
    queue(use(channel, sender))
    channel.run_until(lambda: status(MESSAGE_ID) == "delivered")
    assert [message["from"] for message in accepted(channel)] == [sender] == [stored().sender]


def test_a_message_of_a_pool_shows_the_number_that_the_carrier_chose(channel: Channel) -> None:
    queue(use(channel, POOLS[channel.name]))
    assert stored().sender == ""
    channel.run_until(lambda: status(MESSAGE_ID) == "delivered")
    (message,) = accepted(channel)
    assert stored().sender == message["from"]
    assert message["from"] in numbers_of(channel)


def test_an_unknown_outcome_of_a_pool_is_reconciled(channel: Channel, without_receipts: None) -> None:
    queue(use(channel, POOLS[channel.name]), "+12125550106")
    channel.run_until(lambda: status(MESSAGE_ID) == "sent", pace=20)
    (message,) = accepted(channel)
    assert stored().sender == message["from"]


def test_the_number_of_a_pool_stays_when_the_account_changes(channel: Channel) -> None:
    queue(use(channel, POOLS[channel.name]))
    channel.run_until(lambda: status(MESSAGE_ID) == "delivered")
    before = stored().sender
    message_store.record_sender(stored(), "+15005550099")
    assert stored().sender == before


def test_a_message_that_waits_is_sent_from_a_pool_that_replaces_the_number(channel: Channel) -> None:
    account = use(channel, channel.account.number)
    queue(replace(account, number=POOLS[channel.name]))
    channel.run_until(lambda: status(MESSAGE_ID) == "delivered")
    assert [message["from"] for message in accepted(channel)] == [account.number] == [stored().sender]
