"""Single messages that nobody is taking care of any more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from outreach import clock
from outreach.delivery import singles
from outreach.messages import store
from outreach.messages.models import ClaimState, Message
from outreach.messages.status import Status
from outreach.sending.queue import Due
from outreach.settings import settings
from tests.integration.ticketing.steps import waiting
from tests.support import pipeline


@pytest.fixture(autouse=True)
def _site(aws: None) -> None:
    pipeline.put_site()


def message(number: int, *, age: float = 600) -> Message:
    slot = clock.timestamp(clock.from_epoch(clock.now().timestamp() - age))
    base = Message(f"message-{number}", pipeline.SITE, "contact", pipeline.ACCOUNT.id, "+15005550006", "+12125551200", "Hi", slot)
    store.create_many([base])
    return base


def queued() -> list[tuple[str, int | None]]:
    dues = map(Due.parse, waiting(settings().send_queue_url))
    return sorted((recipient.message_id, due.check) for due in dues for recipient in due.recipients)


def test_a_message_whose_copy_was_lost_is_queued_again_and_then_left_in_peace() -> None:
    message(1), message(2), message(3, age=10)
    assert singles.repair() == 2
    assert queued() == [("message-1", None), ("message-2", None)]
    assert singles.repair() == 0


def test_a_call_whose_worker_died_is_looked_into() -> None:
    message(1)
    store.claim(pipeline.SITE, "message-1", until=1)
    assert singles.repair() == 1
    assert store.get(pipeline.SITE, "message-1").claim.state is ClaimState.UNKNOWN


@pytest.mark.parametrize("status", [Status.SENT, Status.FAILED])
def test_a_message_whose_outcome_is_known_is_not_looked_at(status: Status) -> None:
    store.advance(message(1), status)
    assert list(store.unsettled("9999")) == []


def test_messages_of_records_are_their_records_business() -> None:
    store.create_many([replace(message(1), id="message-2", record_id="a-record")])
    assert [message_id for _, message_id in store.unsettled("9999")] == ["message-1"]
