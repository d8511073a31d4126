"""The guarantees of callbacks: each message's newest state, once and in order, however long the endpoint was down."""

from __future__ import annotations

import uuid
from http.server import BaseHTTPRequestHandler
from itertools import pairwise

import pytest

from outreach import clock, parameter_store
from outreach.callbacks import endpoint_backlog, retry_schedule
from outreach.campaigns import campaign_records
from outreach.campaigns.campaign_records import CampaignRecord
from outreach.messages.status import MessageStatus
from tests.support import customer_endpoint
from tests.support.customer_endpoint import (
    FAILED,
    GONE,
    OK,
    THROTTLED,
    Clock,
    Customer,
    Executions,
    change_status,
    create_message,
    deliver_queued,
    park_callbacks,
)
from tests.support.functions import call, invoke
from tests.support.http_server import Reply, hang_up, reply
from tests.support.pipeline import SITE

HOUR, DAY = 3_600, 86_400
WHOLE_SCHEDULE = 1.2 * retry_schedule.TOTAL_SECONDS


def test_an_accepted_state_is_delivered_once(customer: Customer) -> None:
    message_id = create_message(customer.url)
    change_status(message_id, MessageStatus.SENT)
    deliver_queued()
    change_status(message_id, MessageStatus.DELIVERED)
    deliver_queued()
    assert customer.deliveries == [(message_id, 1), (message_id, 2)]
    assert not customer.endpoint.has_backlog


@pytest.mark.parametrize("answer", [hang_up, THROTTLED, FAILED, reply(302, headers={"Location": "http://127.0.0.1/"})])
def test_an_endpoint_that_was_down_for_a_day_gets_the_newest_state_of_each_message_once(
    customer: Customer, executions: Executions, answer: Reply
) -> None:
    customer.answer_with(answer)
    ids = [create_message(customer.url) for _ in range(12)]
    for status in (MessageStatus.SENT, MessageStatus.DELIVERED):
        for message_id in ids:
            change_status(message_id, status)
        deliver_queued()
        executions.pass_time(HOUR)
    executions.pass_time(DAY)
    customer.answer_with(OK)
    before = len(customer.deliveries)
    executions.pass_time(DAY)
    assert sorted(customer.deliveries[before:]) == sorted((message_id, 2) for message_id in ids)
    assert (customer.endpoint.has_backlog, customer.endpoint.parked) == (False, 0)
    assert [customer_endpoint.outcomes(message_id)[-1] for message_id in ids] == ["delivered"] * 12


def test_an_endpoint_that_is_down_is_probed_with_one_callback_at_a_time(customer: Customer, executions: Executions) -> None:
    customer.answer_with(hang_up)
    for _ in range(12):
        change_status(create_message(customer.url), MessageStatus.SENT)
    deliver_queued()
    before = len(customer.deliveries)
    executions.pass_time(DAY)
    assert len(customer.deliveries) - before == executions.steps < len(retry_schedule.DELAYS)


def test_a_new_state_is_parked_without_an_attempt_while_the_endpoint_is_down(customer: Customer, executions: Executions) -> None:
    customer.answer_with(hang_up)
    change_status(create_message(customer.url), MessageStatus.SENT)
    deliver_queued()
    late = create_message(customer.url)
    change_status(late, MessageStatus.SENT)
    deliver_queued()
    assert late not in dict(customer.deliveries)
    assert customer_endpoint.outcomes(late) == ["postponed"]
    customer.answer_with(OK)
    executions.pass_time(DAY)
    assert customer.delivery_counts[late, 1] == 1


def test_a_callback_that_fails_alone_does_not_block_others(customer: Customer, executions: Executions) -> None:
    customer.answer_with(FAILED)
    change_status(create_message(customer.url), MessageStatus.SENT)
    deliver_queued()
    customer.answer_with(OK)
    other = create_message(customer.url)
    change_status(other, MessageStatus.SENT)
    deliver_queued()
    assert customer.deliveries[-1] == (other, 1)
    assert customer_endpoint.outcomes(other) == ["delivered"]


def test_a_dead_endpoint_does_not_affect_others(customer: Customer, executions: Executions) -> None:
    with customer_endpoint.customer(hang_up) as dead:
        failing, other = create_message(dead.url), create_message(customer.url)
        change_status(failing, MessageStatus.SENT)
        change_status(other, MessageStatus.SENT)
        deliver_queued()
        executions.pass_time(DAY)
    assert customer.deliveries == [(other, 1)]
    assert (customer.endpoint.generation, customer.endpoint.parked) == (0, 0)


def test_a_newer_state_replaces_a_failed_callback(customer: Customer, executions: Executions) -> None:
    customer.answer_with(FAILED)
    message_id = create_message(customer.url)
    change_status(message_id, MessageStatus.SENT)
    deliver_queued()
    customer.answer_with(OK)
    change_status(message_id, MessageStatus.DELIVERED)
    deliver_queued()
    executions.pass_time(DAY)
    assert customer.deliveries == [(message_id, 1), (message_id, 2)]


@pytest.mark.parametrize("newer", [MessageStatus.SENT, MessageStatus.DELIVERED])
@pytest.mark.parametrize("waited", [6, 400, 3 * HOUR], ids=["six seconds", "minutes", "hours"])
def test_a_newer_state_is_attempted_at_once(
    customer: Customer, executions: Executions, newer: MessageStatus, waited: int
) -> None:
    customer.answer_with(FAILED)
    message_id = create_message(customer.url)
    change_status(message_id, MessageStatus.SENDING)
    deliver_queued()
    executions.pass_time(waited)
    customer.answer_with(OK)
    change_status(message_id, newer)
    deliver_queued()
    assert customer.deliveries[-1] == (message_id, 2)
    executions.pass_time(DAY)
    assert customer.delivery_counts[message_id, 2] == 1
    assert (customer.endpoint.has_backlog, customer.endpoint.parked) == (False, 0)


@pytest.mark.parametrize("newer", [MessageStatus.SENT, MessageStatus.DELIVERED])
def test_a_newer_state_has_a_schedule_of_its_own(customer: Customer, executions: Executions, newer: MessageStatus) -> None:
    customer.answer_with(FAILED)
    message_id = create_message(customer.url)
    change_status(message_id, MessageStatus.SENDING)
    deliver_queued()
    executions.pass_time(400)
    change_status(message_id, newer)
    deliver_queued()
    executions.pass_time(400)
    assert (customer.delivery_counts[message_id, 1], customer.delivery_counts[message_id, 2]) == (3, 3)
    executions.pass_time(WHOLE_SCHEDULE)
    assert customer.delivery_counts[message_id, 2] == 1 + len(retry_schedule.DELAYS)
    assert customer_endpoint.outcomes(message_id)[-1] == "given_up"
    assert (customer.endpoint.has_backlog, customer.endpoint.parked) == (False, 0)


def test_a_copy_of_the_job_of_a_parked_state_changes_nothing(customer: Customer, executions: Executions) -> None:
    customer.answer_with(FAILED)
    message_id = create_message(customer.url)
    change_status(message_id, MessageStatus.SENT)
    records = customer_endpoint.take_queued()
    for _ in range(3):
        invoke("workers/deliver_callback", {"Records": records})
    assert customer.deliveries == [(message_id, 1)]


def test_a_newer_state_waits_while_the_endpoint_is_down(customer: Customer, executions: Executions) -> None:
    customer.answer_with(hang_up)
    message_id = create_message(customer.url)
    change_status(message_id, MessageStatus.SENT)
    deliver_queued()
    change_status(message_id, MessageStatus.DELIVERED)
    deliver_queued()
    assert customer.deliveries == [(message_id, 1)]
    customer.answer_with(OK)
    executions.pass_time(10)
    assert customer.deliveries == [(message_id, 1), (message_id, 2)]


def test_a_newer_state_that_meets_an_endpoint_that_is_down_waits_for_it(customer: Customer, executions: Executions) -> None:
    customer.answer_with(FAILED)
    message_id, other = create_message(customer.url), create_message(customer.url)
    change_status(message_id, MessageStatus.SENT)
    deliver_queued()
    customer.answer_with(hang_up)
    change_status(message_id, MessageStatus.DELIVERED)
    deliver_queued()
    change_status(other, MessageStatus.SENT)
    deliver_queued()
    assert (customer.endpoint.is_down, customer.endpoint.parked) == (True, 2)
    customer.answer_with(OK)
    executions.pass_time(60)
    assert customer.deliveries[-2:] == [(message_id, 2), (other, 1)] or customer.deliveries[-2:] == [(other, 1), (message_id, 2)]
    assert customer.endpoint.parked == 0


def test_all_attempts_of_a_state_share_a_webhook_id(customer: Customer, executions: Executions) -> None:
    customer.answer_with(FAILED)
    message_id = create_message(customer.url)
    change_status(message_id, MessageStatus.SENT)
    deliver_queued()
    executions.pass_time(400)
    change_status(message_id, MessageStatus.DELIVERED)
    executions.pass_time(DAY)
    assert len(customer.webhook_ids) > 4
    assert set(customer.webhook_ids) == {f"{message_id}-1", f"{message_id}-2"}
    assert sorted(customer.webhook_ids) == customer.webhook_ids


@pytest.mark.parametrize("answer", [FAILED, hang_up])
def test_a_callback_is_given_up_after_the_last_attempt(customer: Customer, executions: Executions, answer: Reply) -> None:
    customer.answer_with(answer)
    message_id = create_message(customer.url)
    change_status(message_id, MessageStatus.SENT)
    deliver_queued()
    executions.pass_time(WHOLE_SCHEDULE)
    assert len(customer.deliveries) == 1 + len(retry_schedule.DELAYS)
    assert customer_endpoint.outcomes(message_id) == ["failed"] * len(retry_schedule.DELAYS) + ["given_up"]
    assert customer_endpoint.attempts(message_id)[-1]["nextAttemptAt"] is None
    assert (customer.endpoint.has_backlog, customer.endpoint.parked) == (False, 0)
    customer.answer_with(OK)
    change_status(message_id, MessageStatus.DELIVERED)
    deliver_queued()
    assert customer.deliveries[-1] == (message_id, 2)


def test_a_callback_parked_for_the_whole_schedule_is_given_up_without_an_attempt(
    customer: Customer, executions: Executions
) -> None:
    ids = park_callbacks(customer, 30)
    executions.pass_time(2 * WHOLE_SCHEDULE)
    assert [customer_endpoint.outcomes(message_id)[-1] for message_id in ids] == ["given_up"] * 30
    assert (customer.endpoint.has_backlog, customer.endpoint.parked) == (False, 0)


def test_attempts_are_never_early(customer: Customer, executions: Executions, now: Clock) -> None:
    customer.answer_with(FAILED)
    message_id = create_message(customer.url)
    change_status(message_id, MessageStatus.SENT)
    deliver_queued()
    executions.pass_time(WHOLE_SCHEDULE)
    times = [clock.from_timestamp(attempt["time"]).timestamp() for attempt in customer_endpoint.attempts(message_id)]
    delays = [later - earlier for earlier, later in pairwise(times)]
    expected = retry_schedule.DELAYS
    assert all(least <= delay < 1.2 * least + 6 for least, delay in zip(expected, delays, strict=True))


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured(customer: Customer, executions: Executions, status: int) -> None:
    customer.answer_with(reply(status, headers={"Retry-After": "3600"}))
    change_status(create_message(customer.url), MessageStatus.SENT)
    deliver_queued()
    executions.pass_time(HOUR - 1)
    assert len(customer.deliveries) == 1
    executions.pass_time(10)
    assert len(customer.deliveries) == 2


def test_retry_after_holds_back_the_callbacks_that_waited_before(customer: Customer, executions: Executions) -> None:
    for answer in (FAILED, reply(429, headers={"Retry-After": "3600"})):
        customer.answer_with(answer)
        change_status(create_message(customer.url), MessageStatus.SENT)
        deliver_queued()
    executions.pass_time(HOUR - 1)
    assert len(customer.deliveries) == 2
    customer.answer_with(OK)
    executions.pass_time(HOUR / 5)
    assert set(customer.delivery_counts.values()) == {2}


@pytest.mark.parametrize("at_first", [True, False])
def test_410_ends_the_callbacks_of_a_message(customer: Customer, executions: Executions, at_first: bool) -> None:
    customer.answer_with(GONE if at_first else FAILED)
    message_id, other = create_message(customer.url), create_message(customer.url)
    change_status(message_id, MessageStatus.SENT)
    deliver_queued()
    customer.answer_with(GONE)
    executions.pass_time(10)
    before = len(customer.deliveries)
    change_status(message_id, MessageStatus.DELIVERED)
    deliver_queued()
    assert len(customer.deliveries) == before
    change_status(other, MessageStatus.SENT)
    deliver_queued()
    assert customer.deliveries[-1] == (other, 1)


def test_redelivery_delivers_the_newest_state_again_at_once(customer: Customer, executions: Executions) -> None:
    message_id = create_message(customer.url)
    change_status(message_id, MessageStatus.SENT)
    deliver_queued()
    answer = call("outreach/act_on_message", "POST", f"/outreach/messages/{message_id}:redeliver")
    deliver_queued()
    assert (answer.status, answer.body["id"]) == (200, message_id)
    assert customer.webhook_ids == [f"{message_id}-1"] * 2


def test_a_campaign_message_uses_the_callback_url_of_its_record(customer: Customer, executions: Executions) -> None:
    record = CampaignRecord(
        str(uuid.uuid4()), SITE, str(uuid.uuid4()), clock.timestamp(clock.now()), "Sale", "account", callback_url=customer.url
    )
    campaign_records.create(record, {})
    customer.answer_with(hang_up)
    message_id = create_message("", record.id)
    change_status(message_id, MessageStatus.SENT)
    deliver_queued()
    parameter_store.clear()  # retries run in another process, with caches of its own
    executions.pass_time(10)
    customer.answer_with(OK)
    answer = call("outreach/act_on_message", "POST", f"/outreach/messages/{message_id}:redeliver")
    deliver_queued()
    assert (answer.status, answer.body["campaignId"]) == (200, record.campaign_id)
    assert customer.webhook_ids == [f"{message_id}-1"] * 3


def test_redelivery_of_a_parked_callback_unparks_it(customer: Customer, executions: Executions) -> None:
    customer.answer_with(hang_up)
    message_id = create_message(customer.url)
    change_status(message_id, MessageStatus.SENT)
    deliver_queued()
    customer.answer_with(OK)
    call("outreach/act_on_message", "POST", f"/outreach/messages/{message_id}:redeliver")
    deliver_queued()
    assert customer.endpoint.parked == 0
    executions.pass_time(DAY)
    assert (len(customer.deliveries), customer.endpoint.has_backlog) == (2, False)


def test_a_redelivery_that_succeeds_ends_the_wait_for_an_endpoint_that_was_down(
    customer: Customer, executions: Executions
) -> None:
    ids = park_callbacks(customer, 3)
    executions.pass_time(3_600)
    customer.answer_with(OK)
    before = len(customer.deliveries)
    call("outreach/act_on_message", "POST", f"/outreach/messages/{ids[0]}:redeliver")
    deliver_queued()
    executions.pass_time(10)
    assert sorted(customer.deliveries[before:]) == sorted((message_id, 1) for message_id in ids)
    assert not customer.endpoint.has_backlog


def test_redelivery_before_the_first_status_change_is_a_conflict(customer: Customer) -> None:
    answer = call("outreach/act_on_message", "POST", f"/outreach/messages/{create_message(customer.url)}:redeliver")
    assert (answer.status, answer.body["code"]) == (409, "invalid_state")


def test_a_callback_whose_url_has_changed_goes_to_the_new_url(
    customer: Customer, executions: Executions, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer.answer_with(hang_up)
    message_id = create_message(customer.url)
    change_status(message_id, MessageStatus.SENT)
    deliver_queued()
    with customer_endpoint.customer() as new_endpoint:
        customer_endpoint.change_url(message_id, new_endpoint.url)
        executions.pass_time(10)
        deliver_queued()
        assert new_endpoint.deliveries == [(message_id, 1)]
    assert (customer.endpoint.has_backlog, customer.endpoint.parked) == (False, 0)


def test_a_dead_execution_is_replaced_and_a_running_one_is_not(customer: Customer, executions: Executions, now: Clock) -> None:
    customer.answer_with(hang_up)
    message_id = create_message(customer.url)
    change_status(message_id, MessageStatus.SENT)
    deliver_queued()
    executions.pass_time(0)
    executions.stop_all()
    now.advance(HOUR)
    customer.answer_with(OK)
    for _ in range(2):
        invoke("workers/sweep", {})
    executions.pass_time(10)
    assert customer.delivery_counts[message_id, 1] == 2
    assert customer.endpoint.generation == 2


def test_an_execution_that_sleeps_past_a_due_callback_is_replaced(customer: Customer, executions: Executions, now: Clock) -> None:
    """The index may show a parked callback only after the execution has read from it how long to sleep."""
    customer.answer_with(FAILED)
    message_id = create_message(customer.url)
    change_status(message_id, MessageStatus.SENT)
    deliver_queued()
    executions.pass_time(0)
    executions.waiting.clear()
    assert endpoint_backlog.set_wake_time(customer.endpoint, int(now.seconds) + DAY)
    now.advance(HOUR)
    invoke("workers/sweep", {})
    executions.pass_time(10)
    assert customer.delivery_counts[message_id, 1] == 2


def test_a_callback_due_before_the_execution_wakes_up_starts_the_next_generation(
    customer: Customer, executions: Executions
) -> None:
    customer.answer_with(FAILED)
    change_status(create_message(customer.url), MessageStatus.SENT)
    deliver_queued()
    executions.pass_time(HOUR)
    wakes_at, second = customer.endpoint.wakes_at, create_message(customer.url)
    change_status(second, MessageStatus.SENT)
    deliver_queued()
    assert customer.endpoint.generation == 2
    assert customer.endpoint.wakes_at < wakes_at
    executions.pass_time(WHOLE_SCHEDULE)
    assert customer.delivery_counts[second, 1] == 1 + len(retry_schedule.DELAYS)
    assert not customer.endpoint.has_backlog
    assert not executions.waiting


def test_a_throttling_endpoint_gets_only_the_remaining_callbacks_again(customer: Customer, executions: Executions) -> None:
    ids = park_callbacks(customer, 60)
    requests: list[str] = []

    def allow_forty(handler: BaseHTTPRequestHandler) -> None:
        requests.append("")
        (OK if len(requests) <= 40 or len(requests) > 51 else THROTTLED)(handler)

    customer.answer_with(allow_forty)
    executions.pass_time(DAY)
    assert all(customer_endpoint.outcomes(message_id).count("delivered") == 1 for message_id in ids)
    assert endpoint_backlog.get(SITE, customer.endpoint.id).parked == 0


def test_a_deleted_message_does_not_count_as_a_probe(customer: Customer, executions: Executions) -> None:
    customer.answer_with(hang_up)
    failed, postponed = create_message(customer.url), create_message(customer.url)
    for message_id in (failed, postponed):
        change_status(message_id, MessageStatus.SENT)
        deliver_queued()
    customer_endpoint.delete_message(postponed)
    executions.pass_time(20)
    assert customer.deliveries == [(failed, 1)] * 2
    assert (customer.endpoint.failures, customer.endpoint.parked) == (2, 1)


def test_a_long_execution_continues_in_a_new_one(
    customer: Customer, executions: Executions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outreach.invocation._MAX_STEPS", 3)
    customer.answer_with(hang_up)
    message_id = create_message(customer.url)
    change_status(message_id, MessageStatus.SENT)
    deliver_queued()
    executions.pass_time(8 * 86_400)
    assert customer_endpoint.outcomes(message_id)[-1] == "given_up"
    assert not endpoint_backlog.get(SITE, customer.endpoint.id).has_backlog
    assert len(executions.arns) == customer.endpoint.generation > 2


def test_callbacks_are_given_up_when_executions_keep_failing(
    customer: Customer, executions: Executions, capsys: pytest.CaptureFixture[str]
) -> None:
    customer.answer_with(FAILED)
    message_id = create_message(customer.url)
    change_status(message_id, MessageStatus.SENT)
    deliver_queued()
    for _ in range(3):
        assert customer_endpoint.outcomes(message_id)[-1] == "failed"
        die(executions)
    log = customer_endpoint.attempts(message_id)
    assert (log[-1]["outcome"], log[-1]["reason"]) == (
        "given_up",
        "no_progress: the retries failed 3 times in a row (ABORTED)",
    )
    assert capsys.readouterr().out.count('"WorkGivenUp":[1.0]') == 1
    executions.pass_time(HOUR)
    assert (customer.endpoint.has_backlog, customer.endpoint.parked) == (False, 0)


def test_an_execution_that_makes_progress_gives_up_no_callback(customer: Customer, executions: Executions) -> None:
    customer.answer_with(hang_up)
    message_id = create_message(customer.url)
    change_status(message_id, MessageStatus.SENT)
    deliver_queued()
    for _ in range(4):
        die(executions)
        executions.pass_time(1)
    assert "given_up" not in customer_endpoint.outcomes(message_id)


def die(executions: Executions) -> None:
    """Let the endpoint's execution die and be overdue, then run the sweep."""
    executions.stop_all()
    executions.clock.advance(2.5 * HOUR)
    invoke("workers/sweep", {})
