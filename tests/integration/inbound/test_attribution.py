"""Which campaign message a reply answers."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from outreach import clock
from outreach.campaigns import campaign_records
from outreach.campaigns.campaign_records import CampaignRecord
from outreach.consent.keywords import Keyword
from outreach.inbound import attribution
from outreach.messages import message_store
from outreach.messages.models import Claim, ClaimState, Message
from outreach.messages.status import MessageStatus, SkipReason
from tests.support import pipeline, ticket_steps
from tests.support.functions import call

NUMBER, OTHER_NUMBER = "+12125551200", "+12125551201"
CAMPAIGN = "c3f5b968-ad51-42af-b759-64c0afc40b84"
RECORD, NEWER_RECORD = "d3f5b968-ad51-42af-b759-64c0afc40b84", "e3f5b968-ad51-42af-b759-64c0afc40b84"
RECEIVED = "2026-03-31T10:00:00.000Z"
EARLIER = "2026-03-20T10:00:00.000Z"
SENT = Claim(ClaimState.DONE)


@pytest.fixture(autouse=True)
def ada(aws: None) -> str:
    """The contact with the number."""
    pipeline.put_site()
    for record_id in (RECORD, NEWER_RECORD):
        campaign_records.create(CampaignRecord(record_id, pipeline.SITE, CAMPAIGN, EARLIER, "Spring", pipeline.ACCOUNT.id), {})
    return pipeline.create_contact(NUMBER)


def message(contact_id: str, sent_time: str | None = EARLIER, **changes: Any) -> Message:
    """Store a campaign message that the carrier has accepted, unless ``changes`` say otherwise."""
    stored = replace(
        Message(
            id=str(uuid.uuid4()),
            site_id=pipeline.SITE,
            contact_id=contact_id,
            account_id=pipeline.ACCOUNT.id,
            sender=pipeline.ACCOUNT.number,
            recipient=NUMBER,
            body="Hello",
            slot=sent_time or EARLIER,
            record_id=RECORD,
            place=0,
            status=MessageStatus.SENT,
            claim=SENT,
            sent_time=sent_time,
        ),
        **changes,
    )
    message_store.create_many([stored])
    return stored


def attribution_of(carrier_message_id: str = "SM1", **properties: Any) -> tuple[str | None, str | None]:
    """Campaign and record of a reply that arrives now."""
    reply = ticket_steps.reply(NUMBER, carrier_message_id, **{"received": RECEIVED} | properties)
    return reply.campaign_id, reply.record_id


def test_a_reply_answers_the_newest_campaign_message(ada: str) -> None:
    message(ada, EARLIER)
    message(ada, "2026-03-30T10:00:00.000Z", record_id=NEWER_RECORD)
    message(ada, "2026-03-25T10:00:00.000Z")
    assert attribution_of() == (CAMPAIGN, NEWER_RECORD)


def test_the_time_at_which_a_message_was_sent_counts_and_not_its_slot(ada: str) -> None:
    message(ada, "2026-03-26T10:00:00.000Z", record_id=NEWER_RECORD, slot=EARLIER)
    message(ada, "2026-03-25T10:00:00.000Z")
    assert attribution_of() == (CAMPAIGN, NEWER_RECORD)


@pytest.mark.parametrize(
    ("changes", "is_answered"),
    [
        ({"status": MessageStatus.DELIVERED}, True),
        ({"status": MessageStatus.UNDELIVERED}, True),
        ({"sent_time": None, "status": MessageStatus.SENDING, "claim": Claim(ClaimState.CALLING, 1, 9)}, True),
        ({"sent_time": None, "status": MessageStatus.SENDING, "claim": Claim(ClaimState.UNKNOWN, 1, 9)}, True),
        ({"sent_time": None, "status": MessageStatus.SENDING, "claim": Claim(ClaimState.FREE, 1, 9)}, False),
        ({"sent_time": None, "status": MessageStatus.QUEUED, "claim": Claim()}, False),
        ({"sent_time": None, "status": MessageStatus.FAILED, "failed_reason": "21211: bad number"}, False),
        ({"recipient": OTHER_NUMBER}, False),
        ({"account_id": "747277e8-06a5-4eec-ba66-1cdd617dc778"}, False),
        ({"record_id": None, "place": None}, False),
        ({"record_id": None, "place": None, "campaign_id": CAMPAIGN}, False),
    ],
)
def test_only_a_campaign_message_to_the_number_from_the_account_is_answered(
    ada: str, changes: dict[str, Any], is_answered: bool
) -> None:
    message(ada, **changes)
    assert attribution_of() == ((CAMPAIGN, RECORD) if is_answered else (None, None))


def test_a_skipped_message_is_not_answered(ada: str) -> None:
    queued = message(ada, None, status=MessageStatus.QUEUED, claim=Claim())
    assert message_store.skip(queued, SkipReason.CANCELLED)
    assert attribution_of() == (None, None)


@pytest.mark.parametrize(
    ("sent_time", "slot", "is_answered"),
    [
        ("2026-03-01T10:00:00.000Z", None, True),
        ("2026-03-01T09:59:59.999Z", None, False),
        ("2026-03-01T10:00:00.000Z", "2026-02-22T10:00:00.000Z", True),  # it waited a week for its account
        ("2026-03-31T10:00:01.000Z", None, True),  # the reply overtook the carrier's answer
        ("2026-03-31T10:05:00.000Z", None, False),
    ],
)
def test_a_message_is_answered_for_thirty_days(ada: str, sent_time: str, slot: str | None, is_answered: bool) -> None:
    message(ada, sent_time, slot=slot or sent_time)
    assert attribution_of() == ((CAMPAIGN, RECORD) if is_answered else (None, None))


def test_a_message_of_a_merged_contact_is_answered(ada: str) -> None:
    message(ada)
    survivor = pipeline.create_contact(OTHER_NUMBER)
    call("contacts/act_on_contact", "POST", f"/contact/contacts/{survivor}:merge", {"contactId": ada})
    assert attribution_of() == (CAMPAIGN, RECORD)


def test_a_reply_that_is_processed_again_keeps_its_attribution(ada: str) -> None:
    message(ada)
    assert attribution_of() == (CAMPAIGN, RECORD)
    message(ada, "2026-03-31T10:00:00.500Z", record_id=NEWER_RECORD)
    assert attribution_of() == (CAMPAIGN, RECORD)


def test_a_keyword_is_attributed_too(ada: str) -> None:
    message(ada)
    assert attribution_of(body="STOP") == (CAMPAIGN, RECORD)


def test_an_unknown_number_answers_nothing() -> None:
    reply = ticket_steps.reply(OTHER_NUMBER)
    assert (reply.campaign_id, reply.record_id) == (None, None)


def test_another_module_can_ask_which_message_is_answered(ada: str) -> None:
    sent = message(ada)
    later = clock.timestamp(clock.from_timestamp(EARLIER) + timedelta(days=1))
    assert attribution.find_answered(pipeline.SITE, [ada], pipeline.ACCOUNT.id, NUMBER, later) == sent


@pytest.mark.parametrize(
    ("properties", "keyword"),
    [({"body": "Stop!"}, "optOut"), ({"body": "START"}, "optIn"), ({"body": "info"}, "help"), ({"body": "Hi"}, None)],
)
def test_a_reply_has_its_keyword(properties: dict[str, Any], keyword: str | None) -> None:
    assert ticket_steps.reply(NUMBER, **properties).keyword == keyword


def test_the_carriers_reading_of_a_keyword_comes_first() -> None:
    assert ticket_steps.reply(NUMBER, body="stop", opt_out=Keyword.HELP).keyword is Keyword.HELP
