"""Whoever tells a customer of a message at the same time as others, and whoever dies of them: the newest state comes last."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, repeat
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outreach import clock
from outreach.callbacks import endpoint, executions, parking, queue
from outreach.callbacks.endpoint import Answer, Delivered, Failed
from outreach.callbacks.queue import Announcement
from outreach.messages import store as messages
from outreach.messages.status import Status
from tests.support import callbacks, functions, pipeline, turns
from tests.support.callbacks import Clock, Executions
from tests.support.figures import tried
from tests.support.pipeline import SITE
from tests.support.turns import Worker

OK, FAILED, DOWN = Delivered(200), Failed("HTTP 500", 500), Failed("ConnectionError", endpoint_fault=True)
# Longer than a lease, than any function runs, and than a queue waits for one.
LATER_SECONDS, WEEK = 400, 7 * 86_400


@dataclass
class Tellers:
    """A message that becomes ``sent`` and then ``delivered``, and everybody who may tell its customer.

    Attributes:
        answers: the customer's first ones; then it takes everything.
        told: sequences in the order in which they arrive.
        pending: announcements that nobody has dealt with yet.
    """

    answers: Iterator[Answer]
    told: list[int] = field(default_factory=list)
    pending: list[Announcement] = field(default_factory=list)
    message_id: str = field(init=False)
    endpoint_id: str = field(init=False)

    def __post_init__(self) -> None:
        url = f"https://{uuid.uuid4()}.example/hook"
        self.endpoint_id = parking.endpoint_id(SITE, url)
        self.message_id = callbacks.create_message(url)
        self.becomes(Status.SENT)

    def post(self, _url: str, _body: bytes, headers: Mapping[str, str], **_: Any) -> Answer:
        """Stands for :func:`endpoint.post`: a step until it arrives, and another one until the answer is there."""
        turns.step()
        self.told.append(int(headers["webhook-id"].rsplit("-", 1)[1]))
        answer = next(self.answers, OK)
        turns.step()
        return answer

    def sent(self) -> None:
        self.deliver(self.becomes(Status.SENT))

    def delivered(self) -> None:
        self.deliver(self.becomes(Status.DELIVERED))

    def redeliver(self) -> None:
        with turns.one_step():
            newest = messages.get(SITE, self.message_id).sequence
        self.deliver(Announcement(SITE, self.message_id, newest, anew=True))

    def retry(self) -> None:
        """The execution that tries again what is parked."""
        with turns.one_step():
            generation = parking.get(SITE, self.endpoint_id).generation
        event = {"site_id": SITE, "endpoint_id": self.endpoint_id, "generation": generation, "steps": 0}
        functions.invoke("workers/retry_callbacks", event)

    def becomes(self, status: Status) -> Announcement:
        """The message gets a status, unless it has got as far; what the queue is given for it."""
        with turns.one_step():
            messages.advance(messages.get(SITE, self.message_id), status)
            return Announcement(SITE, self.message_id, _SEQUENCES[status], is_last=status.is_final)

    def deliver(self, announcement: Announcement) -> None:
        """The queue's worker. What it does not deal with comes again."""
        self.pending.append(announcement)
        record = {"messageId": "one", "body": announcement.text()}
        if not functions.invoke("workers/deliver_callback", {"Records": [record]})["batchItemFailures"]:
            turns.step()  # the end: who dies now has not told the queue
            self.pending.remove(announcement)


_SEQUENCES = {Status.SENT: 1, Status.DELIVERED: 2}
_TELLERS: list[Callable[[Tellers], None]] = [Tellers.sent, Tellers.delivered, Tellers.redeliver, Tellers.retry]


@pytest.fixture
def now(aws: None, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Time stands still."""
    frozen = Clock()
    monkeypatch.setattr(clock, "now", frozen)
    return frozen


@pytest.fixture
def asleep(now: Clock) -> Executions:
    pipeline.put_site()
    callbacks.create_state_machine()
    return Executions(now)


def settle(tellers: Tellers, asleep: Executions) -> None:
    """What the queue, the sweep and the executions do until nothing is left to do."""
    for _ in range(3):
        asleep.clock.advance(LATER_SECONDS)
        again, tellers.pending = tellers.pending, []
        for announcement in again:
            tellers.deliver(announcement)
        executions.repair(asleep.clock())
    asleep.pass_time(WEEK)


# Not as many as of rubbish: moto keeps what transactions leave, and takes longer with each.
@settings(
    max_examples=min(settings().max_examples, 300),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    is_told_before=st.booleans(),
    answers=st.lists(st.sampled_from([OK, FAILED, DOWN]), max_size=4),
    others=st.lists(st.tuples(st.sampled_from(_TELLERS), st.none() | st.integers(1, 12)), max_size=2),
    order=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 8) | st.just(99)), max_size=5),
)
def test_the_newest_state_comes_last_whoever_tells_it_at_the_same_time(
    asleep: Executions,
    monkeypatch: pytest.MonkeyPatch,
    is_told_before: bool,
    answers: list[Answer],
    others: list[tuple[Callable[[Tellers], None], int | None]],
    order: list[tuple[int, int]],
) -> None:
    tried["orders in which workers tell of a message"] += 1
    tellers, turn = Tellers(iter(answers)), chain.from_iterable(repeat(*burst) for burst in order)
    monkeypatch.setattr(endpoint, "post", tellers.post)
    monkeypatch.setattr(queue, "put", lambda announcements, **_: tellers.pending.extend(announcements))
    if is_told_before:
        tellers.sent()
        asleep.clock.advance(10)  # if it is parked now, it is due
    jobs = [(Tellers.sent, None), (Tellers.delivered, None), *others]
    workers = [Worker(partial(tell, tellers), dies_at) for tell, dies_at in jobs]
    turns.take(workers, lambda running: next(turn, 0) % running)
    settle(tellers, asleep)
    assert tellers.told == sorted(tellers.told)
    assert tellers.told[-1] == 2
    assert callbacks.outcomes(tellers.message_id)[-1] == "delivered"
    assert parking.get(SITE, tellers.endpoint_id).parked == 0
