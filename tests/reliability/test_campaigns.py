"""Whatever step a process dies at, of a campaign's whole way: nobody is left out, nobody gets two, and the customer knows."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from moto.core import DEFAULT_ACCOUNT_ID as ACCOUNT_ID

from outreach import aws, clock
from outreach.campaigns import records
from outreach.delivery.lost_answers import OUTCOME_UNKNOWN
from outreach.messages import store
from outreach.messages.models import Message, campaign_message_id
from tests.reliability.conftest import Worlds
from tests.reliability.world import World
from tests.support import pipeline
from tests.support.carriers import ACCOUNTS
from tests.support.crashes import Calls, Fault
from tests.support.figures import tried, went_wrong
from tests.support.pipeline import SITE
from tests.support.stack import target
from tests.support.template import QUEUE, resources

Numbers = tuple[str | None, ...]

PLAIN = "+12125551200"
# The carrier takes the message, and its answer is lost.
LOST: Numbers = ("+12125550106",)
# One of each outcome of the carrier simulator, and one who can't be reached.
EVERYBODY: Numbers = (PLAIN, *(f"+121255501{ending:02}" for ending in range(1, 9)), None)
# Without the one whom the carrier puts off: each who tries in vain queues a copy of his own.
STEADY: Numbers = tuple(number for number in EVERYBODY if number != "+12125550104")
ENDS = ("sent", "delivered", "undelivered", "failed", "skipped")


def strikes_at(step: int, fault: Fault = Fault.CRASH) -> Callable[[int], Fault | None]:
    return lambda number: fault if number == step else None


def start(numbers: Numbers, carrier: str) -> str:
    for number in numbers:
        pipeline.create_contact(number)
    return pipeline.send(pipeline.create_campaign(channelAccountId=ACCOUNTS[carrier].id)["id"])


def messages(record_id: str) -> list[Message]:
    ids = [campaign_message_id(record_id, contact_id) for contact_id in pipeline.audience_of(record_id)]
    return list(store.get_many(SITE, ids, consistent=True).values())


def is_over(record_id: str, told: Mapping[str, list[tuple[int, str]]], *, receipts: bool) -> bool:
    """Whether nothing is to be expected any more: the record is closed, and the customer knows the last state of each message.

    Args:
        receipts: whether the last state is the carrier's; of receipts that we fail to take twice, Twilio sends no more.
    """
    if pipeline.record(record_id)["status"] != "completed":
        return False
    rows = messages(record_id)
    are_known = all(told.get(row.id, [None])[-1] == (row.sequence, row.status) for row in rows)
    return are_known and (not receipts or all(row.status.is_final for row in rows))


def assert_exactly_once(world: World, record_id: str, numbers: Numbers) -> None:
    counts = pipeline.counts(record_id)
    assert counts["audience"] == len(numbers) == sum(counts[name] for name in ENDS)
    rows = {row.recipient: row for row in messages(record_id)}
    assert rows.keys() == {number for number in numbers if number}
    taken = Counter(pipeline.accepted(world.simulator))
    expected = {number: row.status != "failed" for number, row in rows.items() if row.failed_reason != OUTCOME_UNKNOWN}
    wrong = {
        "messages lost": [number for number, is_sent in expected.items() if is_sent and not taken[number]],
        "messages sent and called failed": [number for number, is_sent in expected.items() if taken[number] and not is_sent],
        "messages sent twice": [number for number in rows if taken[number] > 1],
        "older states told after newer ones": [told for told in world.told().values() if told != sorted(told)],
    }
    tried["messages whose outcome was checked"] += len(rows)
    went_wrong.update({name: len(found) for name, found in wrong.items()})
    assert not any(wrong.values()), wrong


def send_through(world: World, numbers: Numbers, carrier: str, *, receipts: bool = True) -> None:
    """Send a campaign whatever goes wrong, and check the outcome."""
    record_id = start(numbers, carrier)
    world.run_until(lambda: is_over(record_id, world.told(), receipts=receipts))
    assert_exactly_once(world, record_id, numbers)


def strike_at_each(worlds: Worlds, steps: Iterator[int], numbers: Numbers, carrier: str, fault: Fault = Fault.CRASH) -> int:
    """Send the campaign once for each step, with a fault at it, until there is no such step. Returns how many there were."""
    for number, step in enumerate(steps):
        with worlds(Calls(strikes_at(step, fault))) as world:
            send_through(world, numbers, carrier)
        if not world.calls.injected:
            return number
    raise AssertionError("unreachable")


def quickly(first: Iterable[int], others: Iterable[int]) -> list[Any]:
    """Some values for each run of the tests, and others for ``make reliability``."""
    return [*first, *(pytest.param(value, marks=pytest.mark.reliability) for value in others)]


@pytest.mark.parametrize("first", quickly([1], [2, 3]))
def test_a_message_survives_a_death_at_every_third_step(worlds: Worlds, first: int) -> None:
    steps = strike_at_each(worlds, count(first, 3), LOST, "twilio")
    tried["crash points of a message"] += steps
    assert steps > 25


@pytest.mark.reliability
@pytest.mark.parametrize("carrier", ACCOUNTS)
def test_a_campaign_survives_a_death_at_any_step(worlds: Worlds, carrier: str) -> None:
    tried["crash points of a campaign"] += strike_at_each(worlds, count(1), (PLAIN, *LOST, None), carrier)


@pytest.mark.parametrize("first", quickly([1], range(2, 10)))
def test_a_message_survives_rivals_at_every_ninth_step(worlds: Worlds, first: int) -> None:
    """A queue delivers twice, a state machine repeats what is still under way: both are at work on the same at once."""
    steps = strike_at_each(worlds, count(first, 9), LOST, "twilio", Fault.OVERTAKEN)
    tried["steps at which a message met a rival"] += steps
    assert steps > 8


@pytest.mark.reliability
@pytest.mark.parametrize("carrier", ACCOUNTS)
def test_a_campaign_survives_rivals_at_every_step_at_once(worlds: Worlds, carrier: str) -> None:
    with worlds(Calls(lambda _: Fault.OVERTAKEN)) as world:
        send_through(world, STEADY, carrier, receipts=False)
    tried["steps of a campaign with a rival at each"] += world.calls.injected


def test_a_campaign_survives_a_storm_of_conflicts(worlds: Worlds) -> None:
    """Of its writes only every third gets through, for a long time."""
    with worlds(Calls(lambda step: Fault.CONTENDED if step % 3 and step < 1000 else None)) as world:
        send_through(world, EVERYBODY, "twilio")
    tried["writes in a storm of conflicts"] += world.calls.injected


@pytest.mark.parametrize("seed", quickly(range(2), range(2, 60)))
def test_a_campaign_survives_whatever_goes_wrong(worlds: Worlds, seed: int) -> None:
    """One step in twenty goes wrong, one delivery in five is repeated, and clocks differ; at last there is peace."""
    chance = random.Random(seed)
    faults = {step: chance.choice(list(Fault)) for step in range(1, 300) if chance.random() < 0.05}
    with worlds(Calls(faults.get)) as world:
        world.clock.skew = chance.choice([-90, 0, 90])
        world.chance = chance
        send_through(world, EVERYBODY, chance.choice(list(ACCOUNTS)), receipts=False)
    tried["random faults"] += world.calls.injected


@pytest.mark.parametrize("step", quickly(range(1, 12), range(12, 60)))
def test_a_scheduled_start_survives_a_death_at_any_step(worlds: Worlds, step: int) -> None:
    with worlds(Calls(strikes_at(step))) as world:
        pipeline.create_contact(None)
        at = clock.timestamp(clock.now() + timedelta(seconds=20))
        campaign_id = pipeline.create_campaign(scheduledStartTime=at)["id"]
        world.run_until(lambda: list(records.unfinished("CAMPAIGN#")) == list(records.unfinished()) == [])
        assert [record.status for record in records.list_of_campaign(SITE, campaign_id)] == ["completed"]
    tried["crash points of a scheduled start"] += world.calls.injected


@pytest.mark.parametrize("poison", ["no JSON", "{}", '{"site_id": "10000"}'])
@pytest.mark.parametrize(
    ("queue", "letters"), [("SendQueue", "SendDeadLetterQueue"), ("CallbackQueue", "CallbackDeadLetterQueue")]
)
def test_a_poisoned_message_dies_alone(worlds: Worlds, poison: str, queue: str, letters: str) -> None:
    with worlds(Calls()) as world:
        redrive(queue)
        url = aws.sqs().get_queue_url(QueueName=queue)["QueueUrl"]
        aws.sqs().send_message(QueueUrl=url, MessageBody=poison)
        send_through(world, (PLAIN,), "twilio")
        world.run_until(lambda: world.waiting(letters) == [poison])
        assert world.waiting(queue) == []


def redrive(queue: str) -> None:
    """As the template says."""
    policy = resources(QUEUE)[queue]["RedrivePolicy"]
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT_ID}:{target(policy['deadLetterTargetArn'])}"
    attributes = {"RedrivePolicy": json.dumps({**policy, "deadLetterTargetArn": arn})}
    aws.sqs().set_queue_attributes(QueueUrl=aws.sqs().get_queue_url(QueueName=queue)["QueueUrl"], Attributes=attributes)
