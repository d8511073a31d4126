"""Queues, streams, schedules and events: failed work is kept, and retries are limited."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.stack import as_list, consumers, events, functions, statements, target
from tests.support.template import QUEUE, TABLE, resources

QUEUES = resources(QUEUE)
DEAD_LETTER_QUEUES = [name for name in QUEUES if name.endswith("DeadLetterQueue")]
MAPPINGS = [pytest.param(name, queue, mapping, id=name) for name, queue, mapping in consumers(QUEUE)]
STREAMS = [pytest.param(stream, id=name) for name, _, stream in consumers(TABLE)]
SCHEDULES = [pytest.param(name, schedule, id=name) for name, schedule in [*events("Schedule"), *events("ScheduleV2")]]
ARRIVALS = [pytest.param(name, rule, id=name) for name, rule in events("EventBridgeRule")]


def accepting(service: str) -> set[str]:
    """The queues whose policy lets an AWS service send to them."""
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
def test_a_dead_letter_queue_keeps_messages_for_14_days_and_has_an_alarm(name: str) -> None:
    alarms = resources("AWS::CloudWatch::Alarm").values()
    queues_with_alarm = [target(dimension["Value"]) for alarm in alarms for dimension in alarm.get("Dimensions", [])]
    assert QUEUES[name]["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert queues_with_alarm.count(name) == 1


@pytest.mark.parametrize("name", QUEUES)
def test_a_queue_refuses_plain_http(name: str) -> None:
    (policy,) = [policy for policy in resources("AWS::SQS::QueuePolicy").values() if {"Ref": name} in policy["Queues"]]
    denied = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*"}
    assert denied | {"Condition": {"Bool": {"aws:SecureTransport": "false"}}} in policy["PolicyDocument"]["Statement"]


@pytest.mark.parametrize(("name", "queue", "mapping"), MAPPINGS)
def test_a_queue_reports_partial_failures_and_leaves_time_for_retries(name: str, queue: str, mapping: dict[str, Any]) -> None:
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    # Lambda developer guide, "Using Lambda with Amazon SQS": six times the timeout leaves time to retry throttled batches.
    assert QUEUES[queue]["VisibilityTimeout"] >= 6 * functions()[name]["Timeout"]


@pytest.mark.parametrize("stream", STREAMS)
def test_a_failing_stream_record_is_isolated_and_kept(stream: dict[str, Any]) -> None:
    assert stream["BisectBatchOnFunctionError"] is True
    assert stream["MaximumRetryAttempts"] > 0
    assert target(stream["DestinationConfig"]["OnFailure"]["Destination"]) in DEAD_LETTER_QUEUES


@pytest.mark.parametrize(("name", "schedule"), SCHEDULES)
def test_a_schedule_that_cannot_start_its_target_is_kept(name: str, schedule: dict[str, Any]) -> None:
    queue = target(schedule["DeadLetterConfig"]["Arn"])
    assert queue in DEAD_LETTER_QUEUES
    assert queue in accepting("events.amazonaws.com"), f"{name}: the queue's policy must allow EventBridge to send"


@pytest.mark.parametrize(("name", "rule"), ARRIVALS)
def test_an_event_whose_function_fails_is_kept(name: str, rule: dict[str, Any]) -> None:
    dead_letter_queue = target(rule["DeadLetterConfig"]["Arn"])
    failed = functions()[name]["DeadLetterQueue"]
    assert dead_letter_queue in accepting("events.amazonaws.com")
    assert failed["Type"] == "SQS"
    assert {dead_letter_queue, target(failed["TargetArn"])} <= set(DEAD_LETTER_QUEUES)


def test_the_template_has_every_kind_of_source() -> None:
    assert all([MAPPINGS, STREAMS, SCHEDULES, ARRIVALS, DEAD_LETTER_QUEUES])


def test_every_rule_of_the_stack_may_send_dead_events() -> None:
    """CloudFormation makes the names of rules, and shortens the stack's name in them: a pattern may not have it."""
    (allowed,) = [
        statement
        for policy in resources("AWS::SQS::QueuePolicy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    ]
    rules = "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/*"
    assert allowed["Condition"] == {"ArnLike": {"aws:SourceArn": {"Fn::Sub": rules}}}


def test_lambda_lets_a_function_feed_its_own_queue() -> None:
    """Lambda stops what it takes for an endless loop after sixteen rounds (its guide, "Lambda recursive loop detection").

    The rounds of a batch count for everything that is sent while it is handled.
    """
    feeds = {name: {queue for queue in QUEUES if sends_to(name, queue)} for name in functions()}
    reached = {name: feeds[name] | {own for other in consumers_of(feeds[name]) for own in feeds[other]} for name in feeds}
    in_a_loop = {name for name, queue, _ in consumers(QUEUE) if queue in reached[name]}
    assert {name for name, function in functions().items() if function.get("RecursiveLoop") == "Allow"} == in_a_loop


def sends_to(name: str, queue: str) -> bool:
    """Whether a function may send to a queue."""
    return any(
        owner == name
        and "sqs:SendMessage" in as_list(statement["Action"])
        and {"Fn::GetAtt": [queue, "Arn"]} in as_list(statement["Resource"])
        for owner, statement in statements()
    )


def consumers_of(queues: set[str]) -> set[str]:
    """The functions that Lambda feeds from any of the queues."""
    return {name for name, queue, _ in consumers(QUEUE) if queue in queues}
