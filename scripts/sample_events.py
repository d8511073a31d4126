"""Invokes each function with its sample event, in its own container and with fresh sample data."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from local_stack.settings import PROJECT
from rich.console import Console
from rich.table import Table

from outreach import aws
from outreach.settings import settings
from scripts.containers import SamLocal
from tests.support import expected_answers, sample_data
from tests.support.stack import event_file, functions

LOGS = PROJECT / ".aws-sam/containers"
# Telnyx also signs the time, and the time in its sample event has expired.
EXPECTED_OVERRIDES = {"ReceiveTelnyx": 403}
_DURATION = re.compile(r"\tDuration: ([0-9.]+) ms")


@dataclass(frozen=True)
class Invocation:
    """Result of an invocation: `milliseconds` in the function, `seconds` with its container."""

    name: str
    ok: bool
    outcome: str
    milliseconds: float
    seconds: float


def invoke_all(sam: SamLocal, names: Sequence[str]) -> bool:
    """Invoke functions one after another and print the results. Returns whether all results are as expected."""
    console, invocations = Console(), []
    LOGS.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names, 1):
        delete_all_data()
        sample_data.put_all(sam.outside_url)
        invocation = invoke(sam, name)
        invocations.append(invocation)
        line = f"{number:>2} of {len(names)}  {name}: {invocation.outcome}, {invocation.seconds:.1f} s"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print(_table(invocations))
    failed = sum(not invocation.ok for invocation in invocations)
    console.print(f"{len(invocations) - failed} as expected, {failed} failed. Logs: {LOGS}", highlight=False, soft_wrap=True)
    return not failed


def invoke(sam: SamLocal, name: str) -> Invocation:
    """Invoke a function with its sample event and keep its log."""
    command = sam.command("invoke", name, "--event", event_file(functions()[name]))
    started = time.monotonic()
    process = subprocess.run(command, env={**os.environ, **sam.environment}, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - started
    (LOGS / f"{name}.log").write_text(process.stderr + process.stdout)
    duration = _DURATION.search(process.stderr)
    ok, outcome = check(name, process.stdout)
    return Invocation(name, ok, outcome, float(duration[1]) if duration else 0.0, seconds)


def check(name: str, printed: str) -> tuple[bool, str]:
    """Check the result that a function printed on its last line.

    Returns:
        Whether the result is as expected, and the result as text.
    """
    try:
        result = json.loads(printed.splitlines()[-1])
    except (IndexError, ValueError):
        return False, "no result"
    if isinstance(result, dict) and "errorMessage" in result:
        return False, f"{result.get('errorType')}: {result['errorMessage']}"
    outcome = expected_answers.outcome(result)
    return outcome == EXPECTED_OVERRIDES.get(name, expected_answers.expected(name)), json.dumps(outcome)


def delete_all_data() -> None:
    """Delete all items and objects in the stack's tables and buckets."""
    for name, value in asdict(settings()).items():
        if name.endswith("_table"):
            _empty_table(value)
        elif name.endswith("_bucket"):
            _empty_bucket(value)


def _empty_table(table: str) -> None:
    schema: Any = aws.dynamodb().describe_table(TableName=table)["Table"]["KeySchema"]
    keys = [key["AttributeName"] for key in schema]
    for page in aws.dynamodb().get_paginator("scan").paginate(TableName=table):
        for item in page["Items"]:
            aws.dynamodb().delete_item(TableName=table, Key={key: item[key] for key in keys})


def _empty_bucket(bucket: str) -> None:
    for page in aws.s3().get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for entry in page.get("Contents", []):
            aws.s3().delete_object(Bucket=bucket, Key=entry["Key"])


def _table(invocations: Sequence[Invocation]) -> Table:
    table = Table("function", "as expected", "result", "ms in function", "s with container")
    for invocation in invocations:
        ok = "yes" if invocation.ok else "NO"
        table.add_row(invocation.name, ok, invocation.outcome, f"{invocation.milliseconds:.0f}", f"{invocation.seconds:.1f}")
    return table
