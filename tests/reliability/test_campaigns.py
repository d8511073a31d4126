"""Whatever fault occurs while a campaign is sent, each recipient gets exactly one message, and the customer learns its status."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from outreach import aws, clock
from outreach.campaigns import campaign_records, ledger, unfinished_work
from outreach.campaigns.ledger import Cell
from outreach.campaigns.unfinished_work import UnfinishedWork
from outreach.contacts import contact_store
from outreach.messages import message_store
from outreach.messages.failed_reasons import OUTCOME_UNKNOWN
from outreach.messages.models import Message, campaign_message_id
from outreach.messages.recipient import recipient_of
from tests.reliability.conftest import Systems
from tests.reliability.simulation import SimulatedSystem
from tests.support import pipeline
from tests.support.carriers import ACCOUNTS
from tests.support.crash_points import Calls, Fault
from tests.support.functions import call
from tests.support.pipeline import SITE
from tests.support.reliability_figures import tried, went_wrong
from tests.support.template import set_redrive_policy

Numbers = tuple[str | None, ...]

PLAIN = "+12125551200"
# The carrier accepts the message, but its response is lost.
LOST: Numbers = ("+12125550106",)
# A recipient for each outcome of the carrier simulator, and a contact without a number.
EVERYBODY: Numbers = (PLAIN, *(f"+121255501{ending:02}" for ending in range(1, 9)), None)
# Without the number that the carrier throttles: each throttled attempt queues another copy of the job.
UNTHROTTLED: Numbers = tuple(number for number in EVERYBODY if number != "+12125550104")
SHORT = "Hello {{ name }}!"
# Each message has an item of its own for its text.
LONG = "Hello {{ name }}! " + "Your table is booked. " * 15
FINAL_COUNTS = ("sent", "delivered", "undelivered", "failed", "skipped")


def fault_at(step: int, fault: Fault = Fault.CRASH) -> Callable[[int], Fault | None]:
    return lambda number: fault if number == step else None


def start(numbers: Numbers, carrier: str, message: str = SHORT) -> str:
    for number in numbers:
        pipeline.create_contact(number)
    return pipeline.send(pipeline.create_campaign(channelAccountId=ACCOUNTS[carrier].id, message=message)["id"])


def messages(record_id: str) -> list[Message]:
    ids = [campaign_message_id(record_id, contact_id) for contact_id in pipeline.audience_of(record_id)]
    return list(message_store.get_many(SITE, ids, consistent=True).values())


def is_over(record_id: str, callbacks: Mapping[str, list[tuple[int, str]]], *, receipts: bool) -> bool:
    """Whether the record is completed and the customer received the last status of each message.

    Args:
        receipts: whether the last status must come from a delivery receipt; Twilio gives up a receipt after two failures.
    """
    if pipeline.record(record_id)["status"] != "completed":
        return False
    rows = messages(record_id)
    are_delivered = all(callbacks.get(row.id, [None])[-1] == (row.sequence, row.status) for row in rows)
    return are_delivered and (not receipts or all(row.status.is_final for row in rows))


def assert_exactly_once(system: SimulatedSystem, record_id: str, numbers: Numbers) -> None:
    counts = pipeline.counts(record_id)
    assert counts["audience"] == len(numbers) == sum(counts[name] for name in FINAL_COUNTS)
    rows = {row.recipient: row for row in messages(record_id)}
    assert rows.keys() == {number for number in numbers if number}
    sent = pipeline.accepted_texts(system.simulator)
    accepted = Counter(number for number, _ in sent)
    shown = {(number, row.body) for number, row in rows.items()}
    expected = {number: row.status != "failed" for number, row in rows.items() if row.failed_reason != OUTCOME_UNKNOWN}
    failures: dict[str, list[Any]] = {
        "messages lost": [number for number, is_sent in expected.items() if is_sent and not accepted[number]],
        "messages sent but marked failed": [number for number, is_sent in expected.items() if accepted[number] and not is_sent],
        "messages sent twice": [number for number in rows if accepted[number] > 1],
        "messages sent with another text": sorted({*sent} - shown),
        "older statuses delivered after newer ones": [
            statuses for statuses in system.callbacks().values() if statuses != sorted(statuses)
        ],
    }
    tried["messages whose outcome was checked"] += len(rows)
    went_wrong.update({name: len(cases) for name, cases in failures.items()})
    assert not any(failures.values()), failures


def send_through(system: SimulatedSystem, numbers: Numbers, carrier: str, *, message: str = SHORT, receipts: bool = True) -> None:
    """Send a campaign while faults occur, and check the outcome."""
    record_id = start(numbers, carrier, message)
    system.run_until(lambda: is_over(record_id, system.callbacks(), receipts=receipts))
    assert_exactly_once(system, record_id, numbers)


def inject_at_each(
    systems: Systems,
    steps: Iterator[int],
    numbers: Numbers,
    carrier: str,
    fault: Fault = Fault.CRASH,
    *,
    message: str = SHORT,
) -> int:
    """Send the campaign once for each step, with a fault at that step, until there is no such step.

    Returns:
        The number of runs with a fault.
    """
    for number, step in enumerate(steps):
        with systems(Calls(fault_at(step, fault))) as system:
            send_through(system, numbers, carrier, message=message)
        if not system.calls.injected:
            return number
    raise AssertionError("unreachable")


def sampled(first: Iterable[int], others: Iterable[int]) -> list[Any]:
    """The first values for every run of the tests, and the others only for ``make reliability``."""
    return [*first, *(pytest.param(value, marks=pytest.mark.reliability) for value in others)]


@pytest.mark.parametrize("first", sampled([1], range(2, 7)))
def test_a_message_survives_a_crash_at_every_sixth_step(systems: Systems, first: int) -> None:
    steps = inject_at_each(systems, count(first, 6), LOST, "twilio")
    tried["crash points of a message"] += steps
    assert steps > 12


@pytest.mark.parametrize("first", sampled([1], range(2, 10)))
def test_a_long_message_survives_a_crash_at_every_ninth_step(systems: Systems, first: int) -> None:
    steps = inject_at_each(systems, count(first, 9), LOST, "twilio", message=LONG)
    tried["crash points of a message"] += steps
    assert steps > 8


@pytest.mark.reliability
@pytest.mark.parametrize("carrier", ACCOUNTS)
def test_a_campaign_survives_a_crash_at_any_step(systems: Systems, carrier: str) -> None:
    tried["crash points of a campaign"] += inject_at_each(systems, count(1), (PLAIN, *LOST, None), carrier)


@pytest.mark.parametrize("message", [SHORT, LONG], ids=["short", "long"])
@pytest.mark.parametrize("first", sampled([1], range(2, 10)))
def test_a_message_survives_a_competing_process_at_every_ninth_step(systems: Systems, first: int, message: str) -> None:
    """Two processes do the same work when a queue delivers twice or a state machine repeats a task that still runs."""
    steps = inject_at_each(systems, count(first, 9), LOST, "twilio", Fault.OVERTAKEN, message=message)
    tried["steps of a message with a competing process"] += steps
    assert steps > 8


@pytest.mark.reliability
@pytest.mark.parametrize("carrier", ACCOUNTS)
def test_a_campaign_survives_competing_processes_at_all_steps(systems: Systems, carrier: str) -> None:
    with systems(Calls(lambda _: Fault.OVERTAKEN)) as system:
        send_through(system, UNTHROTTLED, carrier, receipts=False)
    tried["steps of a campaign with a competing process at each"] += system.calls.injected


def test_a_campaign_survives_many_transaction_conflicts(systems: Systems) -> None:
    """Only every third write succeeds during the first thousand steps."""
    with systems(Calls(lambda step: Fault.CONTENDED if step % 3 and step < 1000 else None)) as system:
        send_through(system, EVERYBODY, "twilio")
    tried["writes with a transaction conflict"] += system.calls.injected


@pytest.mark.parametrize("seed", sampled(range(2), range(2, 60)))
def test_a_campaign_survives_random_faults(systems: Systems, seed: int) -> None:
    """One step in twenty goes wrong, one delivery in five is repeated and clocks differ; after 300 steps no step goes wrong."""
    chance = random.Random(seed)
    faults = {step: chance.choice(list(Fault)) for step in range(1, 300) if chance.random() < 0.05}
    with systems(Calls(faults.get)) as system:
        system.clock.skew = chance.choice([-90, 0, 90])
        system.random = chance
        send_through(system, EVERYBODY, chance.choice(list(ACCOUNTS)), message=chance.choice([SHORT, LONG]), receipts=False)
    tried["random faults"] += system.calls.injected


@pytest.mark.parametrize("step", sampled(range(1, 12), range(12, 60)))
def test_a_scheduled_start_survives_a_crash_at_any_step(systems: Systems, step: int) -> None:
    with systems(Calls(fault_at(step))) as system:
        pipeline.create_contact(None)
        at = clock.timestamp(clock.now() + timedelta(seconds=20))
        campaign_id = pipeline.create_campaign(scheduledStartTime=at)["id"]
        system.run_until(lambda: unfinished_work.read() == UnfinishedWork([], []))
        assert [record.status for record in campaign_records.list_by_campaign(SITE, campaign_id)] == ["completed"]
    tried["crash points of a scheduled start"] += system.calls.injected


def failed_send(numbers: Numbers) -> tuple[str, str]:
    """The campaign and the record of a send to two contacts that was cancelled after the first message failed."""
    record_id = start(numbers, "twilio")
    pipeline.freeze(record_id)
    ledger.record_decisions(SITE, record_id, 0, len(numbers), {0: Cell.FAILED})
    campaign_id = pipeline.record(record_id)["campaign"]["id"]
    assert call("outreach/act_on_campaign", "POST", f"/outreach/campaigns/{campaign_id}:cancel").status == 200
    return campaign_id, record_id


@pytest.mark.parametrize("fault", [Fault.CRASH, Fault.OVERTAKEN])
@pytest.mark.parametrize("step", sampled([6], [*range(1, 6), *range(7, 40)]))
def test_a_resend_survives_a_fault_at_any_step(systems: Systems, step: int, fault: Fault) -> None:
    """Its audience comes from the ledger of an earlier send."""
    with systems(Calls(fault_at(step, fault))) as system:
        campaign_id, failed_of = failed_send((PLAIN, "+12125551201"))
        contact = contact_store.get(SITE, pipeline.audience_of(failed_of)[0])
        answer = call("outreach/act_on_campaign", "POST", f"/outreach/campaigns/{campaign_id}:send", {"failedOf": failed_of})
        resent = answer.body["id"]
        system.run_until(lambda: is_over(resent, system.callbacks(), receipts=False))
        assert_exactly_once(system, resent, (recipient_of(contact).number,))
    tried["faults during a resend"] += system.calls.injected


@pytest.mark.parametrize("malformed", ["no JSON", "{}", '{"site_id": "10000"}'])
@pytest.mark.parametrize(
    ("queue", "dead_letter_queue"), [("SendQueue", "SendDeadLetterQueue"), ("CallbackQueue", "CallbackDeadLetterQueue")]
)
def test_a_malformed_queue_message_does_not_affect_others(
    systems: Systems, malformed: str, queue: str, dead_letter_queue: str
) -> None:
    with systems(Calls()) as system:
        set_redrive_policy(queue)
        url = aws.sqs().get_queue_url(QueueName=queue)["QueueUrl"]
        aws.sqs().send_message(QueueUrl=url, MessageBody=malformed)
        send_through(system, (PLAIN,), "twilio")
        system.run_until(lambda: system.bodies_in(dead_letter_queue) == [malformed])
        assert system.bodies_in(queue) == []
