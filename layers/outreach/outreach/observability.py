"""Structured logs and metrics.

Logs contain ids, never message bodies, phone numbers, e-mail addresses or secrets.
"""

from __future__ import annotations

import logging
import os
import traceback
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import PurePath

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

# The namespace that the alarms and the dashboard of template.yaml use. The service name distinguishes stacks.
NAMESPACE = "Outreach"


def silence_libraries() -> None:
    """Let no library log at DEBUG, where botocore and urllib3 log bodies, numbers and secrets.

    With LogLevel=DEBUG, Lambda's runtime has set the root logger to DEBUG before it imports a function.
    """
    root = logging.getLogger()
    root.setLevel(max(root.level, logging.INFO))


silence_libraries()


@cache
def logger() -> Logger:
    """Return the logger of this process; the template's ``POWERTOOLS_*`` variables set its level and service name."""
    # All functions share a log group. The name of a stream on AWS has the function, that of the local stack has not.
    made = Logger(function_name=os.environ.get("AWS_LAMBDA_FUNCTION_NAME"))
    # Powertools prefers Lambda's level, which is never above INFO, because Lambda would drop the metrics.
    logging.getLogger(made.name).setLevel(os.environ.get("POWERTOOLS_LOG_LEVEL", "INFO"))
    return made


def error_place(error: BaseException) -> str:
    """Return the type of an error and the line that raised it. Its message may contain personal data, and is left out."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown line"
    return f"{type(error).__name__} at {place}"


def count(event: str, number: int = 1) -> None:
    """Add to one CloudWatch metric; see :func:`measure`."""
    measure({event: number})


def measure(counts: Mapping[str, int], seconds: Mapping[str, Sequence[float]] | None = None) -> None:
    """Report metrics to CloudWatch, as one log line in the embedded metric format; this needs no API call.

    Args:
        counts: by metric name; zeros are left out.
        seconds: durations by metric name.
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
