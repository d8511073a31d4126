"""Alarms cover the stack, notify the operator and have a section in docs/operations.md; the dashboard shows their metrics."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from outreach.observability import NAMESPACE
from tests.support.stack import STATE_MACHINE, consumers, events, live_functions, target
from tests.support.template import QUEUE, ROOT, TABLE, resources

ALARMS = resources("AWS::CloudWatch::Alarm")
RUNBOOK = (ROOT / "docs" / "operations.md").read_text()


def metrics(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    """The metrics that an alarm watches: its own, or those whose sum it watches."""
    parts = [entry["MetricStat"]["Metric"] for entry in alarm.get("Metrics", []) if "MetricStat" in entry]
    return parts or [alarm]


def watched() -> list[dict[str, Any]]:
    """The metrics of all alarms."""
    return [metric for alarm in ALARMS.values() for metric in metrics(alarm)]


def with_alarm(name: str) -> set[str]:
    """The resources that have an alarm on a metric."""
    dimensions = [entry for metric in watched() if metric["MetricName"] == name for entry in metric.get("Dimensions", [])]
    # The dimension Resource is the alias of a function that another dimension names.
    return {target(entry["Value"]) for entry in dimensions if entry["Name"] != "Resource"}


def own_metrics() -> set[str]:
    """The names of the metrics in the code: capitalised strings in the modules that report metrics."""
    sources = [path.read_text() for path in (ROOT / "layers" / "outreach").rglob("*.py")]
    reporting_sources = [text for text in sources if re.search(r"observability import .*\b(count|measure)\b", text)]
    return set(re.findall(r'f?"((?:[A-Z][a-z]+){2,})["{]', "\n".join(reporting_sources)))


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_notifies_the_operator_and_has_a_runbook(name: str) -> None:
    assert ALARMS[name]["AlarmActions"] == {"Fn::If": ["HasAlarmEmail", [{"Ref": "AlarmTopic"}], {"Ref": "AWS::NoValue"}]}
    assert f"\n### {name}\n" in RUNBOOK


def test_the_runbook_has_only_existing_alarms() -> None:
    assert set(re.findall(r"^### (\w+Alarm)$", RUNBOOK, re.MULTILINE)) == set(ALARMS)


def test_queues_streams_and_state_machines_have_alarms() -> None:
    processed_queues = {queue for _, queue, _ in consumers(QUEUE)}
    assert with_alarm("ApproximateAgeOfOldestMessage") == processed_queues
    assert with_alarm("IteratorAge") == {name for name, _, _ in consumers(TABLE)}
    assert with_alarm("ExecutionsFailed") == set(resources(STATE_MACHINE))
    assert {name for name in resources(QUEUE) if name.endswith("DeadLetterQueue")} <= with_alarm(
        "ApproximateNumberOfMessagesVisible"
    )


def test_a_function_that_eventbridge_invokes_has_an_alarm_on_errors() -> None:
    """EventBridge drops an event after three failures of the function."""
    invoked_by_events = {name for kind in ("Schedule", "EventBridgeRule") for name, _ in events(kind)}
    endpoints = {name for name, _ in events("Api")}
    assert with_alarm("Errors") == invoked_by_events - endpoints | {"BeginScheduledStart"} | set(live_functions())


def test_tables_that_grow_with_what_is_sent_and_their_indexes_have_an_alarm_on_throttles() -> None:
    """The metric of a table does not count what its indexes throttle (docs/aws.md)."""
    dimensions = [metric["Dimensions"] for metric in watched() if metric["MetricName"] == "WriteThrottleEvents"]
    found = [(target(table["Value"]), *(entry["Value"] for entry in index)) for table, *index in dimensions]
    grow = {name: table for name, table in resources(TABLE).items() if name not in ("TicketsTable", "RequestsTable")}
    indexes = [(name, index["IndexName"]) for name, table in grow.items() for index in table.get("GlobalSecondaryIndexes", [])]
    assert sorted(found) == sorted([*((name,) for name in grow), *indexes])


def test_an_alarm_watches_at_most_ten_metrics() -> None:
    assert [name for name, alarm in ALARMS.items() if len(metrics(alarm)) > 10] == []


def test_both_gateways_have_an_alarm_on_errors_and_the_webhooks_on_refusals() -> None:
    """A carrier's request that is throttled (429) is lost after a few repetitions, and only the alarm shows it."""
    gateways = [metric for metric in watched() if metric["Namespace"] == "AWS/ApiGateway"]
    found = {(metric["MetricName"], json.dumps(metric["Dimensions"][0]["Value"])) for metric in gateways}
    api, webhooks = json.dumps({"Ref": "AWS::StackName"}), json.dumps({"Ref": "WebhookApi"})
    assert found == {("5XXError", api), ("5xx", webhooks), ("4xx", webhooks)}


def test_alarms_and_dashboard_use_existing_metrics() -> None:
    (dashboard,) = resources("AWS::CloudWatch::Dashboard").values()
    widgets: list[Any] = json.loads(dashboard["DashboardBody"]["Fn::Sub"])["widgets"]
    shown = {metric[1] for widget in widgets for metric in widget["properties"].get("metrics", []) if metric[0] == NAMESPACE}
    with_alarms = {metric["MetricName"] for metric in watched() if metric["Namespace"] == NAMESPACE}
    statuses = {f"Messages{status}" for status in ("Sent", "Delivered", "Undelivered", "Failed", "Skipped")}
    assert with_alarms <= shown <= own_metrics() | statuses


# Metrics that only the sweep reports, which runs about once in a period.
OF_THE_SWEEP = {"RepairsFailed"}


def is_of_the_sweep(alarm: dict[str, Any]) -> bool:
    """Whether only the sweep reports the metrics of an alarm."""
    sweep = {"Name": "FunctionName", "Value": {"Ref": "Sweep"}}
    return any(metric["MetricName"] in OF_THE_SWEEP or sweep in metric.get("Dimensions", []) for metric in metrics(alarm))


def test_a_period_without_a_sweep_does_not_end_an_alarm() -> None:
    several = {name: alarm for name, alarm in ALARMS.items() if alarm["EvaluationPeriods"] > 1}
    assert {name for name in several if is_of_the_sweep(ALARMS[name])} == {"SweepErrorsAlarm", "RepairsFailedAlarm"}
    assert [name for name, alarm in several.items() if not alarm.get("DatapointsToAlarm", 99) < alarm["EvaluationPeriods"]] == []


def test_a_sweep_that_does_not_run_sounds_as_one_that_fails() -> None:
    """Throttled, or without its rule, it has neither invocations nor errors. Otherwise Lambda counts 0 errors."""
    alarm = ALARMS["SweepErrorsAlarm"]
    assert alarm["Metrics"][0]["Expression"] == "invocations - errors"
    assert [metric["MetricName"] for metric in metrics(alarm)] == ["Invocations", "Errors"]
    assert (alarm["ComparisonOperator"], alarm["Threshold"], alarm["TreatMissingData"]) == ("LessThanThreshold", 1, "breaching")


def test_the_runbook_searches_log_groups_of_the_stack() -> None:
    stack = re.search(r"export OUTREACH_STACK=(\S+)", RUNBOOK)
    assert stack
    groups = [group["LogGroupName"]["Fn::Sub"] for group in resources("AWS::Logs::LogGroup").values()]
    names = {group.replace("${AWS::StackName}", stack[1]) for group in groups}
    searched = set(re.findall(r"--log-group-name (\S+) --query", RUNBOOK))
    assert searched
    assert searched <= names


def test_the_runbook_says_what_a_deleted_queue_loses() -> None:
    """tests/unit/outreach_admin/test_deleted_queues.py compares the command with the template."""
    rows = re.findall(r"^\| `(\w+Queue)` \| [^|]+ \|$", RUNBOOK, re.MULTILINE)
    assert {name for name, queue in resources(QUEUE).items() if "RedrivePolicy" in queue} <= set(rows)
