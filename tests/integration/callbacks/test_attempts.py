"""The log of a message's callback attempts, as a client sees it."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from outreach.messages import message_store
from outreach.messages.status import MessageStatus, SkipReason
from tests.support import customer_endpoint
from tests.support.customer_endpoint import FAILED, Clock, Customer, Executions, change_status, create_message, deliver_queued
from tests.support.functions import Answer, call
from tests.support.pipeline import SITE


def list_attempts(message_id: str, query: str = "", **options: Any) -> Answer:
    return call("outreach/list_callback_attempts", "GET", f"/outreach/messages/{message_id}/callbackAttempts{query}", **options)


def test_an_attempt_shows_its_outcome_and_the_time_of_the_next_one(customer: Customer, executions: Executions) -> None:
    customer.answer_with(FAILED)
    message_id = create_message(customer.url)
    change_status(message_id, MessageStatus.SENT)
    deliver_queued()
    assert list_attempts(message_id).body["attempts"] == [
        {
            "time": "2026-03-03T09:30:00.000Z",
            "sequence": 1,
            "status": 500,
            "outcome": "failed",
            "reason": "HTTP 500",
            "nextAttemptAt": "2026-03-03T09:30:05.000Z",
        }
    ]


def test_attempts_are_paged_in_either_order(customer: Customer, executions: Executions) -> None:
    customer.answer_with(FAILED)
    message_id = create_message(customer.url)
    change_status(message_id, MessageStatus.SENT)
    deliver_queued()
    executions.pass_time(3_600)
    page = list_attempts(message_id, "?pageSize=2&pageIndex=2").body
    log = customer_endpoint.attempts(message_id)
    assert (page["attempts"], page["total"]) == (log[2:4], len(log))
    assert list_attempts(message_id, "?pageSize=0&sortOrder=desc").body["attempts"] == log[::-1]


def test_attempts_older_than_30_days_are_not_listed(customer: Customer, now: Clock) -> None:
    message_id = create_message(customer.url)
    change_status(message_id, MessageStatus.SENT)
    deliver_queued()
    assert customer_endpoint.outcomes(message_id) == ["delivered"]
    now.advance(31 * 86_400)
    assert customer_endpoint.outcomes(message_id) == []


@pytest.mark.parametrize("path", ["outreach/list_callback_attempts", "outreach/act_on_message"])
def test_messages_of_other_sites_skipped_messages_and_unknown_ids_are_not_found(customer: Customer, path: str) -> None:
    foreign, skipped = create_message(customer.url), create_message(customer.url)
    message_store.skip(message_store.get(SITE, skipped), SkipReason.CANCELLED)
    for message_id, site_id in ((foreign, "20000"), (skipped, SITE), (str(uuid.uuid4()), SITE)):
        url = f"/outreach/messages/{message_id}"
        if path.endswith("attempts"):
            answer = call(path, "GET", f"{url}/callbackAttempts", site_id=site_id)
        else:
            answer = call(path, "POST", f"{url}:redeliver", site_id=site_id)
        assert answer.status == 404


def test_redelivery_requires_the_write_scope(customer: Customer) -> None:
    url = f"/outreach/messages/{create_message(customer.url)}:redeliver"
    assert call("outreach/act_on_message", "POST", url, scopes="outreach:read").status == 403
