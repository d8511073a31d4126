"""Structured logs and metrics, configured in one place.

Rule of the house: message bodies, phone numbers, e-mail addresses and secrets are never logged; ids are.
"""

from __future__ import annotations

from functools import cache

from aws_lambda_powertools import Logger, single_metric
from aws_lambda_powertools.metrics import MetricUnit

# Where the alarms of template.yaml look; the stack is told apart by the service's name.
NAMESPACE = "Outreach"


@cache
def logger() -> Logger:
    """The process's logger; level and service name come from the ``POWERTOOLS_*`` variables of the template."""
    return Logger()


def count(event: str) -> None:
    """Count an event as a CloudWatch metric: a line of the log in the embedded metric format, which costs no call."""
    with single_metric(name=event, unit=MetricUnit.Count, value=1, namespace=NAMESPACE):
        pass
