"""The log of a message's callbacks, as the customer sees it."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from outreach.messages import store as messages
from outreach.messages.status import SkipReason, Status
from tests.support import callbacks
from tests.support.callbacks import FAILED, Clock, Customer, Executions, becomes, create_message, deliver
from tests.support.functions import Answer, call
from tests.support.pipeline import SITE


def ask(message_id: str, query: str = "", **options: Any) -> Answer:
    return call("outreach/list_callback_attempts", "GET", f"/outreach/messages/{message_id}/callbackAttempts{query}", **options)


def test_an_attempt_tells_what_happened_and_what_comes_next(customer: Customer, executions: Executions) -> None:
    customer.will(FAILED)
    message_id = create_message(customer.url)
    becomes(message_id, Status.SENT)
    deliver()
    assert ask(message_id).body["attempts"] == [
        {
            "time": "2026-03-03T09:30:00.000Z",
            "sequence": 1,
            "status": 500,
            "outcome": "failed",
            "reason": "HTTP 500",
            "nextAttemptAt": "2026-03-03T09:30:05.000Z",
        }
    ]


def test_attempts_are_listed_page_by_page_in_either_order(customer: Customer, executions: Executions) -> None:
    customer.will(FAILED)
    message_id = create_message(customer.url)
    becomes(message_id, Status.SENT)
    deliver()
    executions.pass_time(3_600)
    page = ask(message_id, "?pageSize=2&pageIndex=2").body
    whole = callbacks.attempts(message_id)
    assert (page["attempts"], page["total"]) == (whole[2:4], len(whole))
    assert ask(message_id, "?pageSize=0&sortOrder=desc").body["attempts"] == whole[::-1]


def test_attempts_are_forgotten_after_a_month(customer: Customer, now: Clock) -> None:
    message_id = create_message(customer.url)
    becomes(message_id, Status.SENT)
    deliver()
    assert callbacks.outcomes(message_id) == ["delivered"]
    now.advance(31 * 86_400)
    assert callbacks.outcomes(message_id) == []


@pytest.mark.parametrize("path", ["outreach/list_callback_attempts", "outreach/act_on_message"])
def test_messages_of_others_skipped_ones_and_none_have_no_callbacks(customer: Customer, path: str) -> None:
    others, skipped = create_message(customer.url), create_message(customer.url)
    messages.skip(messages.get(SITE, skipped), SkipReason.CANCELLED)
    for message_id, site_id in ((others, "20000"), (skipped, SITE), (str(uuid.uuid4()), SITE)):
        url = f"/outreach/messages/{message_id}"
        if path.endswith("attempts"):
            answer = call(path, "GET", f"{url}/callbackAttempts", site_id=site_id)
        else:
            answer = call(path, "POST", f"{url}:redeliver", site_id=site_id)
        assert answer.status == 404


def test_redelivering_takes_the_right_to_write(customer: Customer) -> None:
    url = f"/outreach/messages/{create_message(customer.url)}:redeliver"
    assert call("outreach/act_on_message", "POST", url, scopes="outreach:read").status == 403
