"""Each function with its sample event, in a container of its own and in a world that nobody has touched yet."""

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
from scripts.containers import Containers
from tests.support import answers, world
from tests.support.stack import event_file, functions

LOGS = PROJECT / ".aws-sam/containers"
# Telnyx signs the time, too: its sample is too old by now.
REFUSED = {"ReceiveTelnyx": 403}
_DURATION = re.compile(r"\tDuration: ([0-9.]+) ms")


@dataclass(frozen=True)
class Invocation:
    """How a function took its event: `milliseconds` inside it, `seconds` with its container."""

    name: str
    ok: bool
    outcome: str
    milliseconds: float
    seconds: float


def invoke_all(given: Containers, names: Sequence[str]) -> bool:
    """Invoke functions one after another; a line for each, a table at the end, and whether all answered as they must."""
    console, done = Console(), []
    LOGS.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names, 1):
        empty()
        world.put_all(given.outside_url)
        found = invoke(given, name)
        done.append(found)
        line = f"{number:>2} of {len(names)}  {name}: {found.outcome}, {found.seconds:.1f} s"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print(_table(done))
    failed = sum(not found.ok for found in done)
    console.print(f"{len(done) - failed} answered, {failed} failed; logs are in {LOGS}", highlight=False, soft_wrap=True)
    return not failed


def invoke(given: Containers, name: str) -> Invocation:
    """`sam local invoke` with a function's sample event; what it logs is kept."""
    command = given.command("invoke", name, "--event", event_file(functions()[name]))
    began = time.monotonic()
    ended = subprocess.run(command, env={**os.environ, **given.environment}, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - began
    (LOGS / f"{name}.log").write_text(ended.stderr + ended.stdout)
    took = _DURATION.search(ended.stderr)
    ok, outcome = judge(name, ended.stdout)
    return Invocation(name, ok, outcome, float(took[1]) if took else 0.0, seconds)


def judge(name: str, printed: str) -> tuple[bool, str]:
    """Whether a function answered as it must, and what, as it was printed on the last line."""
    try:
        answer = json.loads(printed.splitlines()[-1])
    except (IndexError, ValueError):
        return False, "no answer"
    if isinstance(answer, dict) and "errorMessage" in answer:
        return False, f"{answer.get('errorType')}: {answer['errorMessage']}"
    found = answers.outcome(answer)
    return found == REFUSED.get(name, answers.expected(name)), json.dumps(found)


def empty() -> None:
    """Forget everything that is in the stack's tables and buckets."""
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
        for found in page.get("Contents", []):
            aws.s3().delete_object(Bucket=bucket, Key=found["Key"])


def _table(done: Sequence[Invocation]) -> Table:
    table = Table("function", "ok", "answer", "ms", "s with its container")
    for found in done:
        ok = "yes" if found.ok else "NO"
        table.add_row(found.name, ok, found.outcome, f"{found.milliseconds:.0f}", f"{found.seconds:.1f}")
    return table
