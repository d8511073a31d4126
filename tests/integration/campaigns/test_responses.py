"""Each reply and each number that opts out counts once, in whatever order and how often they come."""

from __future__ import annotations

import random
from contextlib import suppress

import pytest

from outreach.campaigns import engagement
from outreach.consent.keywords import Keyword
from outreach.messages.models import Kind, Message
from tests.support.crash_points import Crash, dying_at
from tests.support.pipeline import ACCOUNT, SITE

RECORDS = ("2c5ea4c0-4067-51e9-8bad-9b1deb4d3b7d", "7b1d2f3a-4067-51e9-8bad-9b1deb4d3b7e")


def reply(number: int, keyword: Keyword | None, record_id: str | None, sender: int) -> Message:
    return Message(
        id=f"9b2e6d14-3f70-5c81-a4d6-{number:012}",
        site_id=SITE,
        contact_id="",
        account_id=ACCOUNT.id,
        sender=f"+1212555{sender:04}",
        recipient=ACCOUNT.number,
        body="",
        slot="2026-03-03T09:30:00.000Z",
        segments=1,
        kind=Kind.INBOUND,
        keyword=keyword,
        record_id=record_id,
    )


@pytest.mark.parametrize("seed", range(8))
def test_repeated_and_reordered_responses_count_once(aws: None, seed: int) -> None:
    chance = random.Random(seed)
    kinds = (None, Keyword.OUT, Keyword.IN, Keyword.HELP)
    replies = [reply(number, chance.choice(kinds), chance.choice([*RECORDS, None]), chance.randrange(4)) for number in range(20)]
    deliveries = chance.sample(replies * 3, k=60)
    for delivery in deliveries:
        with suppress(Crash), dying_at(chance.randrange(1, 4)):
            engagement.count_reply(delivery)
    for delivery in chance.sample(replies, k=20):
        engagement.count_reply(delivery)
    for record_id, counts in engagement.counts_of(SITE, RECORDS).items():
        answers = [answer for answer in replies if answer.record_id == record_id]
        assert counts.replies == sum(answer.keyword is None for answer in answers)
        assert counts.opt_outs == len({answer.sender for answer in answers if answer.keyword is Keyword.OUT})
