"""What a customer can rely on: each message's newest state, once and in order, however long the endpoint was down."""

from __future__ import annotations

import uuid
from http.server import BaseHTTPRequestHandler
from itertools import pairwise

import pytest
from aws_lambda_powertools.utilities import parameters

from outreach import clock
from outreach.callbacks import parking, schedule, state
from outreach.campaigns import records
from outreach.campaigns.records import Record
from outreach.messages.status import Status
from tests.support import callbacks
from tests.support.callbacks import FAILED, GONE, OK, THROTTLED, Clock, Customer, Executions, becomes, create_message, deliver
from tests.support.functions import call, invoke, load
from tests.support.http_server import Reply, hang_up, reply
from tests.support.pipeline import SITE

HOUR, DAY = 3_600, 86_400
WHOLE_SCHEDULE = 1.2 * schedule.PATIENCE_SECONDS


def test_what_is_taken_is_told_once(customer: Customer) -> None:
    message_id = create_message(customer.url)
    becomes(message_id, Status.SENT)
    deliver()
    becomes(message_id, Status.DELIVERED)
    deliver()
    assert customer.told == [(message_id, 1), (message_id, 2)]
    assert not customer.endpoint.is_open


@pytest.mark.parametrize("answer", [hang_up, THROTTLED, FAILED, reply(302, headers={"Location": "http://127.0.0.1/"})])
def test_down_for_a_day_then_up_gets_the_newest_state_of_each_message_once_and_in_order(
    customer: Customer, executions: Executions, answer: Reply
) -> None:
    customer.will(answer)
    ids = [create_message(customer.url) for _ in range(12)]
    for status in (Status.SENT, Status.DELIVERED):
        for message_id in ids:
            becomes(message_id, status)
        deliver()
        executions.pass_time(HOUR)
    executions.pass_time(DAY)
    customer.will(OK)
    before = len(customer.told)
    executions.pass_time(DAY)
    assert sorted(customer.told[before:]) == sorted((message_id, 2) for message_id in ids)
    assert (customer.endpoint.is_open, customer.endpoint.parked) == (False, 0)
    assert [callbacks.outcomes(message_id)[-1] for message_id in ids] == ["delivered"] * 12


def test_an_endpoint_that_is_down_is_probed_with_one_message_at_a_time(customer: Customer, executions: Executions) -> None:
    customer.will(hang_up)
    for _ in range(12):
        becomes(create_message(customer.url), Status.SENT)
    deliver()
    before = len(customer.told)
    executions.pass_time(DAY)
    assert len(customer.told) - before == executions.steps < len(schedule.WAITS)


def test_a_new_state_is_parked_without_a_try_while_the_endpoint_is_down(customer: Customer, executions: Executions) -> None:
    customer.will(hang_up)
    becomes(create_message(customer.url), Status.SENT)
    deliver()
    late = create_message(customer.url)
    becomes(late, Status.SENT)
    deliver()
    assert late not in dict(customer.told)
    assert callbacks.outcomes(late) == ["postponed"]
    customer.will(OK)
    executions.pass_time(DAY)
    assert customer.often[late, 1] == 1


def test_a_message_that_fails_alone_holds_up_nobody_else(customer: Customer, executions: Executions) -> None:
    customer.will(FAILED)
    becomes(create_message(customer.url), Status.SENT)
    deliver()
    customer.will(OK)
    other = create_message(customer.url)
    becomes(other, Status.SENT)
    deliver()
    assert customer.told[-1] == (other, 1)
    assert callbacks.outcomes(other) == ["delivered"]


def test_a_dead_endpoint_costs_the_others_nothing(customer: Customer, executions: Executions) -> None:
    with callbacks.customer(hang_up) as dead:
        mine, other = create_message(dead.url), create_message(customer.url)
        becomes(mine, Status.SENT)
        becomes(other, Status.SENT)
        deliver()
        executions.pass_time(DAY)
    assert customer.told == [(other, 1)]
    assert (customer.endpoint.generation, customer.endpoint.parked) == (0, 0)


def test_a_failed_callback_that_is_overtaken_is_dropped(customer: Customer, executions: Executions) -> None:
    customer.will(FAILED)
    message_id = create_message(customer.url)
    becomes(message_id, Status.SENT)
    deliver()
    customer.will(OK)
    becomes(message_id, Status.DELIVERED)
    deliver()
    executions.pass_time(DAY)
    assert customer.told == [(message_id, 1), (message_id, 2)]


def test_a_newer_state_keeps_the_schedule_of_the_parked_one(customer: Customer, executions: Executions) -> None:
    customer.will(FAILED)
    message_id = create_message(customer.url)
    becomes(message_id, Status.SENT)
    deliver()
    executions.pass_time(400)
    due = state.get(SITE, message_id).due
    becomes(message_id, Status.DELIVERED)
    deliver()
    assert state.get(SITE, message_id).due == due
    assert customer.often[message_id, 1] == 3


def test_each_try_of_a_state_has_the_same_id_and_each_state_another(customer: Customer, executions: Executions) -> None:
    customer.will(FAILED)
    message_id = create_message(customer.url)
    becomes(message_id, Status.SENT)
    deliver()
    executions.pass_time(400)
    becomes(message_id, Status.DELIVERED)
    executions.pass_time(DAY)
    assert len(customer.ids) > 4
    assert set(customer.ids) == {f"{message_id}-1", f"{message_id}-2"}
    assert sorted(customer.ids) == customer.ids


@pytest.mark.parametrize("answer", [FAILED, hang_up])
def test_after_the_last_try_it_is_given_up(customer: Customer, executions: Executions, answer: Reply) -> None:
    customer.will(answer)
    message_id = create_message(customer.url)
    becomes(message_id, Status.SENT)
    deliver()
    executions.pass_time(WHOLE_SCHEDULE)
    assert len(customer.told) == 1 + len(schedule.WAITS)
    assert callbacks.outcomes(message_id) == ["failed"] * len(schedule.WAITS) + ["given_up"]
    assert callbacks.attempts(message_id)[-1]["nextAttemptAt"] is None
    assert (customer.endpoint.is_open, customer.endpoint.parked) == (False, 0)
    customer.will(OK)
    becomes(message_id, Status.DELIVERED)
    deliver()
    assert customer.told[-1] == (message_id, 2)


def test_what_was_put_off_for_the_whole_schedule_is_given_up_without_a_try(customer: Customer, executions: Executions) -> None:
    customer.will(hang_up)
    ids = [create_message(customer.url) for _ in range(30)]
    for message_id in ids:
        becomes(message_id, Status.SENT)
    deliver()
    executions.pass_time(2 * WHOLE_SCHEDULE)
    assert [callbacks.outcomes(message_id)[-1] for message_id in ids] == ["given_up"] * 30
    assert (customer.endpoint.is_open, customer.endpoint.parked) == (False, 0)


def test_tries_are_never_early(customer: Customer, executions: Executions, now: Clock) -> None:
    customer.will(FAILED)
    message_id = create_message(customer.url)
    becomes(message_id, Status.SENT)
    deliver()
    executions.pass_time(WHOLE_SCHEDULE)
    times = [clock.from_timestamp(attempt["time"]).timestamp() for attempt in callbacks.attempts(message_id)]
    waits = [later - earlier for earlier, later in pairwise(times)]
    assert all(wait <= waited < 1.2 * wait + 6 for wait, waited in zip(schedule.WAITS, waits, strict=True))


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured(customer: Customer, executions: Executions, status: int) -> None:
    customer.will(reply(status, headers={"Retry-After": "3600"}))
    becomes(create_message(customer.url), Status.SENT)
    deliver()
    executions.pass_time(HOUR - 1)
    assert len(customer.told) == 1
    executions.pass_time(10)
    assert len(customer.told) == 2


@pytest.mark.parametrize("at_first", [True, False])
def test_410_ends_the_callbacks_of_a_message(customer: Customer, executions: Executions, at_first: bool) -> None:
    customer.will(GONE if at_first else FAILED)
    message_id, other = create_message(customer.url), create_message(customer.url)
    becomes(message_id, Status.SENT)
    deliver()
    customer.will(GONE)
    executions.pass_time(10)
    told = len(customer.told)
    becomes(message_id, Status.DELIVERED)
    deliver()
    assert len(customer.told) == told
    becomes(other, Status.SENT)
    deliver()
    assert customer.told[-1] == (other, 1)


def test_redelivering_tells_the_newest_state_again_at_once(customer: Customer, executions: Executions) -> None:
    message_id = create_message(customer.url)
    becomes(message_id, Status.SENT)
    deliver()
    answer = call("outreach/act_on_message", "POST", f"/outreach/messages/{message_id}:redeliver")
    deliver()
    assert (answer.status, answer.body["id"]) == (200, message_id)
    assert customer.ids == [f"{message_id}-1"] * 2


def test_a_message_of_a_send_is_told_where_the_send_says(customer: Customer, executions: Executions) -> None:
    record = Record(str(uuid.uuid4()), SITE, str(uuid.uuid4()), clock.timestamp(clock.now()), {}, callback_url=customer.url)
    records.create(record)
    customer.will(hang_up)
    message_id = create_message("", record.id)
    becomes(message_id, Status.SENT)
    deliver()
    parameters.clear_caches()  # retries run in another process
    executions.pass_time(10)
    customer.will(OK)
    answer = call("outreach/act_on_message", "POST", f"/outreach/messages/{message_id}:redeliver")
    deliver()
    assert (answer.status, answer.body["campaignId"]) == (200, record.campaign_id)
    assert customer.ids == [f"{message_id}-1"] * 3


def test_redelivering_what_is_parked_unparks_it(customer: Customer, executions: Executions) -> None:
    customer.will(hang_up)
    message_id = create_message(customer.url)
    becomes(message_id, Status.SENT)
    deliver()
    customer.will(OK)
    call("outreach/act_on_message", "POST", f"/outreach/messages/{message_id}:redeliver")
    deliver()
    assert customer.endpoint.parked == 0
    executions.pass_time(DAY)
    assert (len(customer.told), customer.endpoint.is_open) == (2, False)


def test_there_is_nothing_to_redeliver_before_the_first_change(customer: Customer) -> None:
    answer = call("outreach/act_on_message", "POST", f"/outreach/messages/{create_message(customer.url)}:redeliver")
    assert (answer.status, answer.body["code"]) == (409, "invalid_state")


def test_a_callback_whose_address_changed_goes_to_the_new_one(
    customer: Customer, executions: Executions, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer.will(hang_up)
    message_id = create_message(customer.url)
    becomes(message_id, Status.SENT)
    deliver()
    with callbacks.customer() as elsewhere:
        callbacks.move(message_id, elsewhere.url)
        executions.pass_time(10)
        deliver()
        assert elsewhere.told == [(message_id, 1)]
    assert (customer.endpoint.is_open, customer.endpoint.parked) == (False, 0)


def test_an_execution_that_died_is_restarted_and_a_running_one_left_alone(
    customer: Customer, executions: Executions, now: Clock
) -> None:
    customer.will(hang_up)
    message_id = create_message(customer.url)
    becomes(message_id, Status.SENT)
    deliver()
    executions.pass_time(0)
    executions.break_off()
    now.advance(HOUR)
    customer.will(OK)
    for _ in range(2):
        invoke("workers/sweep", {})
    executions.pass_time(10)
    assert customer.often[message_id, 1] == 2
    assert customer.endpoint.generation == 2


def test_an_execution_that_sleeps_through_what_is_due_is_replaced(customer: Customer, executions: Executions, now: Clock) -> None:
    """The index of what is parked may show it too late to the one that asks it for how long it can sleep."""
    customer.will(FAILED)
    message_id = create_message(customer.url)
    becomes(message_id, Status.SENT)
    deliver()
    executions.pass_time(0)
    executions.sleeping.clear()
    assert parking.sleep(customer.endpoint, int(now.seconds) + DAY)
    now.advance(HOUR)
    invoke("workers/sweep", {})
    executions.pass_time(10)
    assert customer.often[message_id, 1] == 2


def test_what_is_due_before_the_execution_wakes_up_gets_the_next_generation(customer: Customer, executions: Executions) -> None:
    customer.will(FAILED)
    becomes(create_message(customer.url), Status.SENT)
    deliver()
    executions.pass_time(HOUR)
    slept_until, second = customer.endpoint.wakes_at, create_message(customer.url)
    becomes(second, Status.SENT)
    deliver()
    assert customer.endpoint.generation == 2
    assert customer.endpoint.wakes_at < slept_until
    executions.pass_time(WHOLE_SCHEDULE)
    assert customer.often[second, 1] == 1 + len(schedule.WAITS)
    assert not customer.endpoint.is_open
    assert not executions.sleeping


def test_an_endpoint_that_throttles_is_asked_again_for_the_rest_only(customer: Customer, executions: Executions) -> None:
    customer.will(hang_up)
    ids = [create_message(customer.url) for _ in range(60)]
    for message_id in ids:
        becomes(message_id, Status.SENT)
    deliver()
    taken: list[str] = []

    def allow_forty(handler: BaseHTTPRequestHandler) -> None:
        taken.append("")
        (OK if len(taken) <= 40 or len(taken) > 51 else THROTTLED)(handler)

    customer.will(allow_forty)
    executions.pass_time(DAY)
    assert all(callbacks.outcomes(message_id).count("delivered") == 1 for message_id in ids)
    assert parking.get(SITE, customer.endpoint.id).parked == 0


def test_a_message_that_is_gone_is_no_probe(customer: Customer, executions: Executions) -> None:
    customer.will(hang_up)
    failed, put_off = create_message(customer.url), create_message(customer.url)
    for message_id in (failed, put_off):
        becomes(message_id, Status.SENT)
        deliver()
    callbacks.remove(put_off)
    executions.pass_time(20)
    assert customer.told == [(failed, 1)] * 2
    assert (customer.endpoint.failures, customer.endpoint.parked) == (2, 1)


def test_an_execution_that_becomes_long_hands_over(
    customer: Customer, executions: Executions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load("workers/retry_callbacks"), "_MAX_STEPS", 3)
    customer.will(hang_up)
    message_id = create_message(customer.url)
    becomes(message_id, Status.SENT)
    deliver()
    executions.pass_time(8 * 86_400)
    assert callbacks.outcomes(message_id)[-1] == "given_up"
    assert not parking.get(SITE, customer.endpoint.id).is_open
    assert len(executions.known) == customer.endpoint.generation > 2
