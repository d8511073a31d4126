"""Who operates the stack is told what is wrong, sees it, and finds what to do."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from outreach.observability import NAMESPACE
from tests.support.stack import STATE_MACHINE, events, target
from tests.support.template import QUEUE, ROOT, resources

ALARMS = resources("AWS::CloudWatch::Alarm")
RUNBOOK = (ROOT / "docs" / "operations.md").read_text()


def watched(metric: str) -> set[str]:
    """The resources of which a metric raises an alarm."""
    alarms = [alarm for alarm in ALARMS.values() if alarm["MetricName"] == metric]
    return {target(dimension["Value"]) for alarm in alarms for dimension in alarm.get("Dimensions", [])}


def own_metrics() -> set[str]:
    """The names of metrics in the code: capitalised strings of the modules that report some."""
    sources = [path.read_text() for path in (ROOT / "layers" / "outreach").rglob("*.py")]
    reporting = [text for text in sources if re.search(r"observability import .*\b(count|measure)\b", text)]
    return set(re.findall(r'f?"((?:[A-Z][a-z]+){2,})["{]', "\n".join(reporting)))


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_tells_somebody_and_has_a_runbook(name: str) -> None:
    assert ALARMS[name]["AlarmActions"] == {"Fn::If": ["HasAlarmEmail", [{"Ref": "AlarmTopic"}], {"Ref": "AWS::NoValue"}]}
    assert f"\n### {name}\n" in RUNBOOK


def test_the_runbook_knows_no_other_alarms() -> None:
    assert set(re.findall(r"^### (\w+Alarm)$", RUNBOOK, re.MULTILINE)) == set(ALARMS)


def test_queues_streams_and_state_machines_raise_alarms() -> None:
    worked_off = {target(mapping["Queue"]) for _, mapping in events("SQS")}
    assert watched("ApproximateAgeOfOldestMessage") == worked_off
    assert watched("IteratorAge") == {name for name, _ in events("DynamoDB")}
    assert watched("ExecutionsFailed") == set(resources(STATE_MACHINE))
    assert {name for name in resources(QUEUE) if name.endswith("DeadLetterQueue")} <= watched(
        "ApproximateNumberOfMessagesVisible"
    )


def test_a_function_that_nothing_else_watches_raises_an_alarm() -> None:
    """EventBridge drops an event when its function has failed three times."""
    fired = {name for kind in ("Schedule", "EventBridgeRule") for name, _ in events(kind)}
    endpoints = {name for name, _ in events("Api")}
    assert watched("Errors") == fired - endpoints | {"BeginScheduledStart"}


def test_alarms_and_dashboard_look_at_metrics_that_exist() -> None:
    (dashboard,) = resources("AWS::CloudWatch::Dashboard").values()
    widgets: list[Any] = json.loads(dashboard["DashboardBody"]["Fn::Sub"])["widgets"]
    shown = {metric[1] for widget in widgets for metric in widget["properties"].get("metrics", []) if metric[0] == NAMESPACE}
    alarming = {alarm["MetricName"] for alarm in ALARMS.values() if alarm["Namespace"] == NAMESPACE}
    statuses = {f"Messages{status}" for status in ("Sent", "Delivered", "Undelivered", "Failed", "Skipped")}
    assert alarming <= shown <= own_metrics() | statuses
