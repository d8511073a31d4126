"""A customer receives the newest status last, even when several workers deliver callbacks at the same time and some crash."""

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

from outreach import timed_http
from outreach.callbacks import callback_queue, callback_request, endpoint_backlog
from outreach.callbacks.callback_queue import CallbackJob
from outreach.callbacks.callback_request import Delivered, EndpointResponse, Failed
from outreach.messages import message_store
from outreach.messages.status import MessageStatus
from tests.support import customer_endpoint, functions, interleaving
from tests.support.customer_endpoint import Executions
from tests.support.interleaving import Worker
from tests.support.pipeline import SITE
from tests.support.reliability_figures import tried

OK, FAILED, DOWN = Delivered(200), Failed("HTTP 500", 500), Failed(timed_http.UNANSWERED, endpoint_fault=True)
# Longer than a claim lasts, than any function runs and than the queue's visibility timeout.
LATER_SECONDS, WEEK = 400, 7 * 86_400


@dataclass
class Notifiers:
    """A message that is sent and delivered, and all workers that may notify its customer of a status.

    Attributes:
        answers: the first answers of the customer's endpoint; later it accepts everything.
        received: the sequences that the endpoint received, in order.
        pending: jobs in the callback queue that no worker has completed.
        sequences: the sequence of each status that the message has had.
    """

    answers: Iterator[EndpointResponse]
    received: list[int] = field(default_factory=list)
    pending: list[CallbackJob] = field(default_factory=list)
    sequences: dict[MessageStatus, int] = field(default_factory=dict)
    message_id: str = field(init=False)
    endpoint_id: str = field(init=False)

    def __post_init__(self) -> None:
        url = f"https://{uuid.uuid4()}.example/hook"
        self.endpoint_id = endpoint_backlog.id_of(SITE, url)
        self.message_id = customer_endpoint.create_message(url)
        self.set_status(MessageStatus.SENDING)

    def post(self, _site_id: str, _url: str, _body: bytes, headers: Mapping[str, str], **_: Any) -> EndpointResponse:
        """Replaces :func:`callback_request.post`: one step until the request arrives, another until its answer does."""
        interleaving.step()
        self.received.append(int(headers["webhook-id"].rsplit("-", 1)[1]))
        answer = next(self.answers, OK)
        interleaving.step()
        return answer

    def deliver_sending(self) -> None:
        self.deliver(self.set_status(MessageStatus.SENDING))

    def deliver_sent(self) -> None:
        self.deliver(self.set_status(MessageStatus.SENT))

    def deliver_delivered(self) -> None:
        self.deliver(self.set_status(MessageStatus.DELIVERED))

    def redeliver(self) -> None:
        with interleaving.one_step():
            newest = message_store.get(SITE, self.message_id).sequence
        self.deliver(CallbackJob(SITE, self.message_id, newest, force=True))

    def retry(self) -> None:
        """Retry the parked callbacks, as the execution of ``callback_retry`` does."""
        with interleaving.one_step():
            generation = endpoint_backlog.get(SITE, self.endpoint_id).generation
        event = {"site_id": SITE, "endpoint_id": self.endpoint_id, "generation": generation, "steps": 0}
        functions.invoke("workers/retry_callbacks", event)

    def set_status(self, status: MessageStatus) -> CallbackJob | None:
        """Advance the message to a status, and return the job for the callback queue; ``None`` if it has skipped the status."""
        with interleaving.one_step():
            if message_store.advance(message_store.get(SITE, self.message_id), status):
                self.sequences[status] = message_store.get(SITE, self.message_id).sequence
            sequence = self.sequences.get(status)
            return CallbackJob(SITE, self.message_id, sequence, is_last=status.is_final) if sequence else None

    def deliver(self, job: CallbackJob | None) -> None:
        """Process a job as the queue's worker does; a job that fails stays pending."""
        if job is None:
            return
        self.pending.append(job)
        record = {"messageId": "one", "body": callback_queue.to_json([job])}
        if not functions.invoke("workers/deliver_callback", {"Records": [record]})["batchItemFailures"]:
            interleaving.step()  # a crash here leaves the job in the queue
            self.pending.remove(job)


_ACTIONS: list[Callable[[Notifiers], None]] = [
    Notifiers.deliver_sending,
    Notifiers.deliver_sent,
    Notifiers.deliver_delivered,
    Notifiers.redeliver,
    Notifiers.retry,
]


def finish(notifiers: Notifiers, executions: Executions) -> None:
    """Run the queue, the sweep and the executions until nothing is left to do."""
    for _ in range(3):
        executions.clock.advance(LATER_SECONDS)
        jobs, notifiers.pending = notifiers.pending, []
        for job in jobs:
            notifiers.deliver(job)
        executions.repair()
    executions.pass_time(WEEK)


# Fewer examples than other tests: moto keeps the items of all transactions and gets slower with each.
@settings(
    max_examples=min(settings().max_examples, 300),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    is_notified_before=st.booleans(),
    answers=st.lists(st.sampled_from([OK, FAILED, DOWN]), max_size=4),
    others=st.lists(st.tuples(st.sampled_from(_ACTIONS), st.none() | st.integers(1, 12)), max_size=2),
    order=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 8) | st.just(99)), max_size=5),
)
def test_the_newest_status_arrives_last_when_workers_run_concurrently(
    executions: Executions,
    monkeypatch: pytest.MonkeyPatch,
    is_notified_before: bool,
    answers: list[EndpointResponse],
    others: list[tuple[Callable[[Notifiers], None], int | None]],
    order: list[tuple[int, int]],
) -> None:
    tried["orders of concurrent callback deliveries"] += 1
    notifiers, schedule = Notifiers(iter(answers)), chain.from_iterable(repeat(*burst) for burst in order)
    monkeypatch.setattr(callback_request, "post", notifiers.post)
    monkeypatch.setattr(callback_queue, "put", lambda jobs, **_: notifiers.pending.extend(jobs))
    if is_notified_before:
        notifiers.deliver_sending()
        executions.clock.advance(10)  # a parked callback may be retried now
    actions = [(Notifiers.deliver_sent, None), (Notifiers.deliver_delivered, None), *others]
    workers = [Worker(partial(action, notifiers), dies_at) for action, dies_at in actions]
    interleaving.run_interleaved(workers, lambda running: next(schedule, 0) % running)
    finish(notifiers, executions)
    assert notifiers.received == sorted(notifiers.received)
    assert notifiers.received[-1] == notifiers.sequences[MessageStatus.DELIVERED]
    assert customer_endpoint.outcomes(notifiers.message_id)[-1] == "delivered"
    assert endpoint_backlog.get(SITE, notifiers.endpoint_id).parked == 0
