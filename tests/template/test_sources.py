"""What invokes functions by itself: nothing that fails is lost, and nothing is repeated without end."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.stack import events, functions, target
from tests.support.template import QUEUE, resources

QUEUES = resources(QUEUE)
DEAD_LETTER_QUEUES = [name for name in QUEUES if name.endswith("DeadLetterQueue")]
MAPPINGS = [pytest.param(name, mapping, id=name) for name, mapping in events("SQS")]
STREAMS = [pytest.param(stream, id=name) for name, stream in events("DynamoDB")]
SCHEDULES = [pytest.param(name, schedule, id=name) for name, schedule in [*events("Schedule"), *events("ScheduleV2")]]
ARRIVALS = [pytest.param(name, rule, id=name) for name, rule in events("EventBridgeRule")]


def open_to(service: str) -> set[str]:
    """The queues that let an AWS service send to them."""
    policies = resources("AWS::SQS::QueuePolicy").values()
    return {
        target(queue)
        for policy in policies
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Principal"] == {"Service": service} and statement["Action"] == "sqs:SendMessage"
        for queue in policy["Queues"]
    }


@pytest.mark.parametrize("name", sorted(set(QUEUES) - set(DEAD_LETTER_QUEUES)))
def test_a_queue_has_a_dead_letter_queue(name: str) -> None:
    redrive = QUEUES[name]["RedrivePolicy"]
    assert target(redrive["deadLetterTargetArn"]) in DEAD_LETTER_QUEUES
    assert redrive["maxReceiveCount"] == 5


@pytest.mark.parametrize("name", DEAD_LETTER_QUEUES)
def test_a_dead_letter_queue_keeps_for_a_fortnight_and_raises_an_alarm(name: str) -> None:
    alarms = resources("AWS::CloudWatch::Alarm").values()
    watched = [target(dimension["Value"]) for alarm in alarms for dimension in alarm.get("Dimensions", [])]
    assert QUEUES[name]["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert watched.count(name) == 1


@pytest.mark.parametrize(("name", "mapping"), MAPPINGS)
def test_a_queue_is_worked_off_with_partial_failures_and_time_for_retries(name: str, mapping: dict[str, Any]) -> None:
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    # Lambda, Using Lambda with Amazon SQS: six times the time-out, so that throttled batches don't become visible early.
    assert QUEUES[target(mapping["Queue"])]["VisibilityTimeout"] >= 6 * functions()[name]["Timeout"]


@pytest.mark.parametrize("stream", STREAMS)
def test_a_poison_record_of_a_stream_is_cut_out_and_kept(stream: dict[str, Any]) -> None:
    assert stream["BisectBatchOnFunctionError"] is True
    assert stream["MaximumRetryAttempts"] > 0
    assert target(stream["DestinationConfig"]["OnFailure"]["Destination"]) in DEAD_LETTER_QUEUES


@pytest.mark.parametrize(("name", "schedule"), SCHEDULES)
def test_a_schedule_that_cannot_start_its_target_is_kept(name: str, schedule: dict[str, Any]) -> None:
    queue = target(schedule["DeadLetterConfig"]["Arn"])
    assert queue in DEAD_LETTER_QUEUES
    assert queue in open_to("events.amazonaws.com"), f"{name}: EventBridge delivers as itself, so the queue must let it in"


@pytest.mark.parametrize(("name", "rule"), ARRIVALS)
def test_an_event_that_is_not_dealt_with_is_kept(name: str, rule: dict[str, Any]) -> None:
    undelivered = target(rule["DeadLetterConfig"]["Arn"])
    failed = functions()[name]["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]
    assert undelivered in open_to("events.amazonaws.com")
    assert failed["Type"] == "SQS"
    assert {undelivered, target(failed["Destination"])} <= set(DEAD_LETTER_QUEUES)


def test_every_kind_of_source_is_looked_at() -> None:
    assert all([MAPPINGS, STREAMS, SCHEDULES, ARRIVALS, DEAD_LETTER_QUEUES])
