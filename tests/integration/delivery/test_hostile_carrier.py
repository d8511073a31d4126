"""Carriers that misbehave, through the whole send queue: nothing is lost, sent twice, or asked more often than needed."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from outreach import dynamo, sqs
from outreach.carriers import carrier_http
from outreach.delivery import send_worker
from outreach.messages import message_store
from outreach.messages.models import Message
from outreach.sending import circuit_breaker, pacing
from outreach.sending.send_queue import SendJob
from outreach.settings import settings
from tests.support import carriers, hostile_carrier
from tests.support.customer_endpoint import Clock
from tests.support.hostile_carrier import Behaviour, HostileCarrier
from tests.support.pipeline import SITE

NUMBERS = [f"+1212555{number}" for number in range(1200, 1300)]
JOBS_IN_A_BATCH = 10


class Queue:
    """The send queue in simulated time: a batch has the jobs that are due in the same second."""

    def __init__(self, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = clock
        self.failed: set[str] = set()
        self._order = count()
        self._jobs: list[tuple[float, int, SendJob]] = []
        monkeypatch.setattr(sqs, "send", self._send)

    def _send(self, _url: str, entries: Any) -> None:
        for entry in entries:
            due = self.clock.seconds + entry.delay_seconds
            heapq.heappush(self._jobs, (due, next(self._order), SendJob.from_json(entry.body)))

    def run(self, seconds: float) -> None:
        """Process all batches that are due in the next ``seconds``."""
        end = self.clock.seconds + seconds
        while self._jobs and self._jobs[0][0] <= end:
            self.clock.advance(max(0.0, self._jobs[0][0] - self.clock.seconds))
            self.failed |= send_worker.process_jobs(dict(self._next_batch()))
        self.clock.advance(end - self.clock.seconds)

    def _next_batch(self) -> Iterator[tuple[str, SendJob]]:
        for number in range(JOBS_IN_A_BATCH):
            if not self._jobs or self._jobs[0][0] > self.clock.seconds:
                return
            yield str(number), heapq.heappop(self._jobs)[2]


@pytest.fixture(params=carriers.ACCOUNTS)
def name(request: pytest.FixtureRequest, now: Clock) -> str:
    carriers.put_accounts()
    return str(request.param)


@pytest.fixture
def carrier(name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileCarrier]:
    with hostile_carrier.hostile_carrier(hostile_carrier.accept) as running:
        monkeypatch.setenv("TWILIO_BASE_URL", running.url)
        monkeypatch.setenv("TELNYX_BASE_URL", running.url)
        settings.cache_clear()
        yield running


@pytest.fixture
def queue(now: Clock, monkeypatch: pytest.MonkeyPatch) -> Queue:
    return Queue(now, monkeypatch)


def enqueue(name: str, numbers: list[str], **changes: Any) -> list[str]:
    channel = carriers.Channel(name, "", carriers.Clock())
    return channel.queue(*numbers, **changes)


def messages(ids: list[str]) -> list[Message]:
    return [message_store.get(SITE, message_id) for message_id in ids]


def statuses(ids: list[str]) -> Counter[str]:
    return Counter(message.status for message in messages(ids))


def test_a_carrier_that_takes_three_per_second_gets_at_most_two_requests_per_message(
    name: str, carrier: HostileCarrier, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send_worker, "_CONCURRENT_CALLS", 1)  # concurrent calls would meet the limit in any order
    carrier.behaviour = hostile_carrier.limited(3)
    ids = enqueue(name, NUMBERS)
    queue.run(120)
    assert statuses(ids) == {"sent": 100}
    assert max(carrier.requests_by_recipient().values()) <= 2
    assert len(carrier.requests) <= 200


def test_a_throttled_account_recovers_within_an_hour(name: str, carrier: HostileCarrier, queue: Queue, now: Clock) -> None:
    account = carriers.ACCOUNTS[name]
    carrier.behaviour = hostile_carrier.behaviours_in_order(hostile_carrier.throttle, hostile_carrier.accept)
    enqueue(name, NUMBERS[:1])
    queue.run(10)
    lowered = pacing.read(account).rate_at(now.seconds)
    assert lowered < account.messages_per_second / 2
    now.advance(2 * pacing.RECOVERY_DELAY_SECONDS)
    assert lowered < pacing.read(account).rate_at(now.seconds) < account.messages_per_second
    now.advance(pacing.RECOVERY_SECONDS)
    assert pacing.read(account).rate_at(now.seconds) == account.messages_per_second


def test_the_wait_time_that_a_carrier_asks_for_is_kept(name: str, carrier: HostileCarrier, queue: Queue) -> None:
    headers = {"Retry_After": "100", "x_ratelimit_reset": "100"}
    carrier.behaviour = hostile_carrier.behaviours_in_order(hostile_carrier.refuse(429, "", **headers), hostile_carrier.accept)
    ids = enqueue(name, NUMBERS[:1])
    queue.run(98)
    assert len(carrier.requests) == 1
    queue.run(5)
    assert (len(carrier.requests), statuses(ids)) == (2, {"sent": 1})


def test_an_account_that_is_always_throttled_is_paused_and_keeps_its_messages(
    name: str, carrier: HostileCarrier, queue: Queue
) -> None:
    carrier.behaviour = hostile_carrier.throttle
    ids = enqueue(name, NUMBERS[:20])
    queue.run(1200)
    account = carriers.ACCOUNTS[name]
    assert circuit_breaker.state_of(SITE, account.id, consistent=True)
    assert set(statuses(ids)) <= {"queued", "sending"}
    assert len(carrier.requests) < 60
    carrier.behaviour = hostile_carrier.accept
    queue.run(2 * 3600)
    assert statuses(ids) == {"sent": 20}


BAD = {"twilio": "21606", "telnyx": "40305"}
DISABLED = {"twilio": "20005", "telnyx": "20012"}
UNKNOWN = "98765"


def test_a_fault_of_the_account_fails_no_message(name: str, carrier: HostileCarrier, queue: Queue) -> None:
    carrier.behaviour = hostile_carrier.refuse(400, BAD[name])
    ids = enqueue(name, NUMBERS[:50])
    queue.run(30)
    assert set(statuses(ids)) <= {"queued", "sending"}
    assert len(carrier.requests) <= 32
    carrier.behaviour = hostile_carrier.accept
    queue.run(900)
    assert statuses(ids) == {"sent": 50}


@pytest.mark.parametrize(("codes", "status"), [(DISABLED, "sent"), (BAD, "failed")])
def test_a_message_from_another_sender_waits_for_the_account_but_not_for_its_sender(
    name: str, carrier: HostileCarrier, queue: Queue, codes: dict[str, str], status: str
) -> None:
    carrier.behaviour = hostile_carrier.behaviours_in_order(hostile_carrier.refuse(400, codes[name]), hostile_carrier.accept)
    ids = enqueue(name, NUMBERS[:1], sender="+15005550001")
    queue.run(900)
    assert statuses(ids) == {status: 1}


def test_an_operator_releases_the_messages_of_a_paused_account(name: str, carrier: HostileCarrier, queue: Queue) -> None:
    carrier.behaviour = hostile_carrier.refuse(400, BAD[name])
    ids = enqueue(name, NUMBERS[:20])
    for _ in range(4):
        queue.run(901)
    carrier.behaviour = hostile_carrier.accept
    circuit_breaker.resume(SITE, carriers.ACCOUNTS[name].id)
    queue.run(901)
    assert statuses(ids) == {"sent": 20}


def test_from_the_tenth_equal_unknown_refusal_messages_are_kept(name: str, carrier: HostileCarrier, queue: Queue) -> None:
    carrier.behaviour = hostile_carrier.refuse(400, UNKNOWN)
    ids = enqueue(name, NUMBERS)
    queue.run(30)
    assert statuses(ids)["failed"] == circuit_breaker.UNKNOWN_REFUSALS - 1
    carrier.behaviour = hostile_carrier.accept
    queue.run(900)
    assert statuses(ids) == {"failed": 9, "sent": 91}


def test_an_acceptance_or_another_refusal_resets_the_count(name: str, carrier: HostileCarrier, queue: Queue) -> None:
    nine = [hostile_carrier.refuse(400, UNKNOWN)] * 9
    carrier.behaviour = hostile_carrier.behaviours_in_order(
        *nine, hostile_carrier.accept, *nine, hostile_carrier.refuse(400, "98764"), *nine
    )
    for number in NUMBERS[:29]:
        enqueue(name, [number])
        queue.run(1)
        dynamo.delete(settings().messages_table, {"pk": f"{SITE}#00000000-0000-4000-8000-000000000000"})
    assert len(carrier.requests) == 29
    assert circuit_breaker.state_of(SITE, carriers.ACCOUNTS[name].id, consistent=True) is None


def test_a_rolling_limit_is_probed_with_one_message_an_hour(name: str, carrier: HostileCarrier, queue: Queue) -> None:
    if name == "telnyx":
        pytest.skip("Telnyx has no such limit")
    carrier.behaviour = hostile_carrier.refuse(429, "63038")
    ids = enqueue(name, NUMBERS[:5])
    queue.run(60)
    first = len(carrier.requests)
    queue.run(3 * 3600)
    assert len(carrier.requests) - first in (2, 3)
    assert set(statuses(ids)) <= {"queued", "sending"}


HOSTILE = {
    "drip_headers": hostile_carrier.drip_headers,
    "drip_body": hostile_carrier.drip_body,
    "flood": hostile_carrier.flood,
    "bomb": hostile_carrier.gzip_bomb,
    "null": hostile_carrier.garbage(b'{"errors": [null], "sid": 5, "data": []}'),
    "deep": hostile_carrier.garbage(b"[" * 100_000),
}


@pytest.mark.parametrize("behaviour", HOSTILE.values(), ids=HOSTILE)
def test_a_message_whose_answer_cannot_be_read_is_reconciled(
    name: str, carrier: HostileCarrier, queue: Queue, behaviour: Behaviour, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrier_http, "CONNECT_SECONDS", 0.2)
    monkeypatch.setattr(carrier_http, "READ_SECONDS", 0.3)
    carrier.behaviour = behaviour
    ids = enqueue(name, NUMBERS[:3])
    queue.run(2)
    assert {message.claim.state for message in messages(ids)} == {"unknown"}
    assert queue.failed == set()
    carrier.behaviour = hostile_carrier.accept
    queue.run(7200)
    assert statuses(ids) == ({"failed": 3} if name == "twilio" else {"sent": 3})
