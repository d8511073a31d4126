"""Structured logs and metrics, configured in one place.

Rule of the house: message bodies, phone numbers, e-mail addresses and secrets are never logged; ids are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

# Where the alarms and the dashboard of template.yaml look; the stack is told apart by the service's name.
NAMESPACE = "Outreach"


@cache
def logger() -> Logger:
    """The process's logger; level and service name come from the ``POWERTOOLS_*`` variables of the template."""
    return Logger()


def count(event: str, number: int = 1) -> None:
    """Count events as a CloudWatch metric (see :func:`measure`)."""
    measure({event: number})


def measure(counts: Mapping[str, int], seconds: Mapping[str, Sequence[float]] | None = None) -> None:
    """Report metrics to CloudWatch: one line of the log in the embedded metric format, which costs no call.

    Args:
        counts: by the metric's name; zeros are left out.
        seconds: durations, by the metric's name.
    """
    metrics = EphemeralMetrics(namespace=NAMESPACE)
    for name, number in counts.items():
        if number:
            metrics.add_metric(name, MetricUnit.Count, number)
    for name, durations in (seconds or {}).items():
        for duration in durations:
            metrics.add_metric(name, MetricUnit.Seconds, duration)
    if metrics.metric_set:
        metrics.flush_metrics()
