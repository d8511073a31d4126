"""Sends a campaign on the embedded stack, and measures the time until the last delivery and the emulator's share of it.

This benchmark runs only when it is named, because it starts the whole stack and its figures are valid only on an idle machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests
from demo.api import Api
from local_stack import LocalStack, Settings
from local_stack.seeds import ACCOUNTS, API_KEYS

from benchmarks.campaign import MESSAGE, RECEIPTS_OF_A_MESSAGE
from benchmarks.figures import Figure
from tests.support.ports import free_port
from tests.support.template import ROOT

CONTACTS = 1_000
QUICK_CONTACTS = 50
# The simulated carriers deliver to these numbers; other last digits would choose another outcome.
_FIRST_NUMBER = 2_001_000
_TIMEOUT_SECONDS = 1_800
_POLL_SECONDS = 2
_SAMPLES = 100
# Per message: writes of its row, and invocations of the worker and of the webhooks.
_WRITES = 4
_INVOCATIONS = len(RECEIPTS_OF_A_MESSAGE) + 0.1


def measure(*, quick: bool = False) -> list[Figure]:
    """Send one campaign to all contacts."""
    contacts = QUICK_CONTACTS if quick else CONTACTS
    with TemporaryDirectory() as folder:
        settings = Settings(port=free_port(), aws_port=free_port(), carrier_port=free_port(), state_dir=Path(folder))
        with LocalStack(settings) as stack:
            seconds = _campaign(stack, contacts)
            bare_seconds = contacts * (_WRITES * _write(stack) + _INVOCATIONS * _invocation(stack))
    return [
        Figure("end to end", "contacts", contacts, "contacts"),
        Figure("end to end", "time from :send to the last delivered message", seconds, "s"),
        Figure("end to end", "messages per second", contacts / seconds, "per second"),
        Figure(
            "end to end",
            "time of the same number of bare writes and invocations, relative to that time",
            bare_seconds / seconds,
            "×",
        ),
    ]


def _campaign(stack: LocalStack, contacts: int) -> float:
    account, _ = ACCOUNTS[0]
    key = API_KEYS[account.site_id]
    _import(stack, key, contacts)
    api = Api(stack.base_url, key)
    campaign = {"name": "benchmark", "channel": "sms", "channelAccountId": account.id, "message": MESSAGE}
    created = api.create_campaign(campaign)
    started = time.monotonic()
    record_id = api.send(created["id"])["id"]
    while _delivered(api.record(record_id)) < contacts:
        stack.raise_if_ended()
        if time.monotonic() - started > _TIMEOUT_SECONDS:
            raise RuntimeError(f"not every message was delivered within {_TIMEOUT_SECONDS} s")
        time.sleep(_POLL_SECONDS)
    return time.monotonic() - started


def _delivered(record: dict[str, Any]) -> int:
    return int((record["counts"] or {}).get("delivered", 0))


def _import(stack: LocalStack, key: str, contacts: int) -> None:
    """Import new contacts from a file."""
    lines = [f"Person {number},+1212{_FIRST_NUMBER + number},Oslo" for number in range(contacts)]
    file = "\n".join(["name,SMS,city", *lines])
    headers = {"Authorization": f"Bearer {key}"}
    url = f"{stack.base_url}/contact/contacts:import"
    answer = requests.post(url, files={"uploadFile": ("people.csv", file)}, headers=headers, timeout=60)
    answer.raise_for_status()
    started = time.monotonic()
    while answer.json()["status"] != "completed":
        if time.monotonic() - started > _TIMEOUT_SECONDS:
            raise RuntimeError(f"the contacts were not imported within {_TIMEOUT_SECONDS} s")
        time.sleep(_POLL_SECONDS)
        location = requests.compat.urljoin(stack.base_url, f"/contact/contactImportRecords/{answer.json()['id']}")
        answer = requests.get(location, headers=headers, timeout=60)


def _write(stack: LocalStack) -> float:
    """Mean seconds of a bare PutItem."""
    client, table = stack.aws.client("dynamodb"), stack.aws.function_environment()["MESSAGES_TABLE"]
    return _mean(lambda: client.put_item(TableName=table, Item={"pk": {"S": "benchmark"}}))


def _invocation(stack: LocalStack) -> float:
    """Mean seconds of an invocation of the function that does least."""
    client = stack.aws.client("lambda")
    pages = client.get_paginator("list_functions").paginate()
    name = next(
        entry["FunctionName"] for page in pages for entry in page["Functions"] if "RouteNotFound" in entry["FunctionName"]
    )
    event = (ROOT / "events/route_not_found.json").read_bytes()
    if "FunctionError" in client.invoke(FunctionName=name, Payload=event):
        # A function that fails would be started again for each call.
        raise RuntimeError(f"{name} failed on its sample event")
    return _mean(lambda: client.invoke(FunctionName=name, Payload=event))


def _mean(call: Callable[[], object]) -> float:
    started = time.monotonic()
    for _ in range(_SAMPLES):
        call()
    return (time.monotonic() - started) / _SAMPLES
