"""Message rows are created once, claimed by one worker, and only move forward."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from botocore.client import BaseClient

from benchmarks.local_aws.capacity import item_size
from outreach import dynamo
from outreach.errors import NotFound
from outreach.messages import message_rows, message_store
from outreach.messages.models import Claim, ClaimState, Message
from outreach.messages.status import MessageStatus, SkipReason
from outreach.settings import settings

SITE = "10000"
MESSAGE = Message(
    id="11183a83-48e9-4d0d-a3bd-fb19ce5c12db",
    site_id=SITE,
    contact_id="f9928d68-92e6-4487-a2e8-8234fc9d1f48",
    account_id="647277e8-06a5-4eec-ba66-1cdd617dc778",
    sender="+15005550006",
    recipient="+12125550100",
    body="Hello",
    slot="2026-05-23T03:00:36.277Z",
    record_id="d3f5b968-ad51-42af-b759-64c0afc40b84",
    place=7,
)
LATER = 4_000_000_000


@pytest.fixture(autouse=True)
def _row(aws: None) -> None:
    assert message_store.create(MESSAGE)


def current() -> Message:
    return message_store.get(SITE, MESSAGE.id)


def test_a_row_is_read_as_it_was_written() -> None:
    assert current() == MESSAGE


@pytest.mark.parametrize("more", [0, 1, 1_000])
def test_a_row_fits_one_write_unit_whatever_its_text(more: int) -> None:
    text = "x" * (settings().separate_text_bytes + more)
    message = message_rows.with_separate_text(replace(MESSAGE, body=text, segments=2, callback=True))
    done = replace(message, status=MessageStatus.DELIVERED, sequence=3, claim=Claim(ClaimState.DONE, 1, LATER))
    row = message_rows.new_row(replace(done, carrier_message_id="SM" + "0" * 32, sent_time=MESSAGE.slot))
    assert 700 < item_size(dynamo.to_item(row)) <= 1024


def test_a_claim_whose_response_was_lost_is_still_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client of DynamoDB repeats the call, and the condition refuses the repeat."""
    make_call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def call_twice(client: Any, operation: str, arguments: Any) -> Any:
        if operation == "UpdateItem":
            make_call(client, operation, arguments)
        return make_call(client, operation, arguments)

    with monkeypatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", call_twice)
        claimed = message_store.claim(SITE, MESSAGE.id, number=MESSAGE.recipient, until=LATER)
    assert (claimed.claim, claimed.status) == (Claim(ClaimState.CALLING, 1, LATER), MessageStatus.SENDING)
    with pytest.raises(message_store.ClaimRefused):
        message_store.claim(SITE, MESSAGE.id, number=MESSAGE.recipient, until=LATER)


def test_creating_a_row_again_does_not_change_it() -> None:
    message_store.advance(MESSAGE, MessageStatus.DELIVERED)
    assert not message_store.create(MESSAGE)
    assert current().status is MessageStatus.DELIVERED


def test_creating_many_rows_does_not_change_those_that_exist() -> None:
    message_store.advance(MESSAGE, MessageStatus.DELIVERED)
    other = replace(MESSAGE, id="22283a83-48e9-4d0d-a3bd-fb19ce5c12db")
    assert message_store.create_many([MESSAGE, other]) == [MESSAGE]
    assert current().status is MessageStatus.DELIVERED
    assert message_store.get(SITE, other.id) == other


def test_another_site_does_not_find_the_message() -> None:
    with pytest.raises(NotFound):
        message_store.get("20000", MESSAGE.id)


def test_only_one_worker_may_claim_a_message() -> None:
    claimed = message_store.claim(SITE, MESSAGE.id, number=MESSAGE.recipient, until=LATER)
    assert (claimed.status, claimed.claim.state, claimed.claim.attempt) == (MessageStatus.SENDING, ClaimState.CALLING, 1)
    with pytest.raises(message_store.ClaimRefused) as refusal:
        message_store.claim(SITE, MESSAGE.id, number=MESSAGE.recipient, until=LATER)
    assert refusal.value.message == claimed


def test_a_message_that_goes_to_another_number_now_cannot_be_claimed_for_the_former_one() -> None:
    renumbered = replace(MESSAGE, recipient="+12125550199")
    message_store.postpone([renumbered], [0], readdress=True)
    with pytest.raises(message_store.ClaimRefused):
        message_store.claim(SITE, MESSAGE.id, number=MESSAGE.recipient, until=LATER)
    assert message_store.claim(SITE, MESSAGE.id, number="+12125550199", until=LATER).recipient == "+12125550199"


def test_a_missing_message_cannot_be_claimed() -> None:
    with pytest.raises(message_store.ClaimRefused) as refusal:
        message_store.claim("20000", MESSAGE.id, number=MESSAGE.recipient, until=LATER)
    assert refusal.value.message is None


def test_a_released_message_can_be_claimed_for_the_next_attempt() -> None:
    first = message_store.claim(SITE, MESSAGE.id, number=MESSAGE.recipient, until=LATER)
    assert message_store.set_claim(first, ClaimState.FREE, until=0)
    assert message_store.claim(SITE, MESSAGE.id, number=MESSAGE.recipient, until=LATER).claim.attempt == 2


def test_a_worker_cannot_release_a_later_claim() -> None:
    first = message_store.claim(SITE, MESSAGE.id, number=MESSAGE.recipient, until=LATER)
    message_store.set_claim(first, ClaimState.FREE, until=0)
    message_store.claim(SITE, MESSAGE.id, number=MESSAGE.recipient, until=LATER)
    assert not message_store.set_claim(first, ClaimState.FREE, until=0)


@pytest.mark.parametrize("final", [MessageStatus.DELIVERED, MessageStatus.UNDELIVERED, MessageStatus.FAILED])
@pytest.mark.parametrize("late", [MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.UNDELIVERED, MessageStatus.FAILED])
def test_a_final_status_stays(final: MessageStatus, late: MessageStatus) -> None:
    assert message_store.advance(MESSAGE, final)
    assert not message_store.advance(MESSAGE, late)
    assert current().status is final


def test_a_response_after_the_receipt_still_sets_the_carriers_id() -> None:
    message_store.advance(MESSAGE, MessageStatus.DELIVERED)
    assert not message_store.advance(MESSAGE, MessageStatus.SENT, carrier_message_id="SM1", sent_time="2026-05-23T03:00:40.000Z")
    assert (current().status, current().carrier_message_id, current().sent_time) == (
        MessageStatus.DELIVERED,
        "SM1",
        "2026-05-23T03:00:40.000Z",
    )


def test_each_change_of_the_status_raises_the_sequence() -> None:
    claimed = message_store.claim(SITE, MESSAGE.id, number=MESSAGE.recipient, until=LATER)
    message_store.advance(claimed, MessageStatus.SENT)
    message_store.advance(claimed, MessageStatus.SENT)
    message_store.advance(claimed, MessageStatus.DELIVERED)
    assert current().sequence == 3


def test_a_claimed_message_cannot_be_skipped() -> None:
    message_store.claim(SITE, MESSAGE.id, number=MESSAGE.recipient, until=LATER)
    assert not message_store.skip(MESSAGE, SkipReason.CANCELLED)


def test_a_queued_message_can_be_skipped_with_a_reason() -> None:
    assert message_store.skip(MESSAGE, SkipReason.OPTED_OUT)
    assert (current().status, current().skip_reason) == (MessageStatus.SKIPPED, SkipReason.OPTED_OUT)
