"""Rows of messages: created once, claimed by one, and only ever moving forward."""

from __future__ import annotations

from dataclasses import replace

import pytest

from outreach.errors import NotFound
from outreach.messages import rows, store
from outreach.messages.models import ClaimState, Message
from outreach.messages.status import SkipReason, Status

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
    store.create_many([MESSAGE])


def current() -> Message:
    return store.get(SITE, MESSAGE.id)


def test_a_row_reads_back_as_it_was_written() -> None:
    assert current() == MESSAGE


def test_a_row_fits_one_write_unit() -> None:
    row = rows.to_row(
        replace(
            MESSAGE, body="x" * 160, failed_reason="30003: Unreachable destination handset", carrier_message_id="SM" + "0" * 32
        )
    )
    assert sum(len(name) + len(str(value)) for name, value in row.items()) <= 1024


def test_creating_again_leaves_a_row_that_has_come_further() -> None:
    store.advance(MESSAGE, Status.DELIVERED)
    other = replace(MESSAGE, id="22283a83-48e9-4d0d-a3bd-fb19ce5c12db")
    store.create_many([MESSAGE, other])
    assert current().status is Status.DELIVERED
    assert store.get(SITE, other.id) == other


def test_another_site_does_not_find_the_message() -> None:
    with pytest.raises(NotFound):
        store.get("20000", MESSAGE.id)


def test_only_one_may_call_the_carrier() -> None:
    claimed = store.claim(SITE, MESSAGE.id, until=LATER)
    assert (claimed.status, claimed.claim.state, claimed.claim.attempt) == (Status.SENDING, ClaimState.CALLING, 1)
    with pytest.raises(store.ClaimRefused) as refusal:
        store.claim(SITE, MESSAGE.id, until=LATER)
    assert refusal.value.message == claimed


def test_a_message_that_does_not_exist_can_not_be_claimed() -> None:
    with pytest.raises(store.ClaimRefused) as refusal:
        store.claim("20000", MESSAGE.id, until=LATER)
    assert refusal.value.message is None


def test_a_released_claim_can_be_taken_again_with_the_next_attempt() -> None:
    first = store.claim(SITE, MESSAGE.id, until=LATER)
    assert store.set_claim(first, ClaimState.FREE, until=0)
    assert store.claim(SITE, MESSAGE.id, until=LATER).claim.attempt == 2


def test_a_worker_that_was_overtaken_can_not_release_the_claim_of_another() -> None:
    first = store.claim(SITE, MESSAGE.id, until=LATER)
    store.set_claim(first, ClaimState.FREE, until=0)
    store.claim(SITE, MESSAGE.id, until=LATER)
    assert not store.set_claim(first, ClaimState.FREE, until=0)


@pytest.mark.parametrize("final", [Status.DELIVERED, Status.UNDELIVERED, Status.FAILED])
@pytest.mark.parametrize("late", [Status.SENT, Status.DELIVERED, Status.UNDELIVERED, Status.FAILED])
def test_a_final_status_stays(final: Status, late: Status) -> None:
    assert store.advance(MESSAGE, final)
    assert not store.advance(MESSAGE, late)
    assert current().status is final


def test_an_answer_overtaken_by_its_receipt_still_tells_the_carriers_id() -> None:
    store.advance(MESSAGE, Status.DELIVERED)
    assert not store.advance(MESSAGE, Status.SENT, carrier_message_id="SM1", sent_time="2026-05-23T03:00:40.000Z")
    assert (current().status, current().carrier_message_id, current().sent_time) == (
        Status.DELIVERED,
        "SM1",
        "2026-05-23T03:00:40.000Z",
    )


def test_each_change_of_the_status_raises_the_sequence() -> None:
    claimed = store.claim(SITE, MESSAGE.id, until=LATER)
    store.advance(claimed, Status.SENT)
    store.advance(claimed, Status.SENT)
    store.advance(claimed, Status.DELIVERED)
    assert current().sequence == 3


def test_a_message_in_a_workers_hands_can_not_be_skipped() -> None:
    store.claim(SITE, MESSAGE.id, until=LATER)
    assert not store.skip(MESSAGE, SkipReason.CANCELLED)


def test_a_queued_message_becomes_a_skip_with_its_reason() -> None:
    assert store.skip(MESSAGE, SkipReason.OPTED_OUT)
    assert (current().status, current().skip_reason) == (Status.SKIPPED, SkipReason.OPTED_OUT)
