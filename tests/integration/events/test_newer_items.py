"""Functions work on items and queue messages of a newer release, because a roll back leaves them behind.

The rule is in docs/contributing.md, "Releases and upgrades": readers ignore attributes that they do not know.
"""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from tests.integration.events.test_events import APIS, event_of
from tests.support.expected_answers import expected, outcome
from tests.support.functions import invoke
from tests.support.http_server import Server
from tests.support.stack import consumers, folder, functions
from tests.support.template import QUEUE, TABLE, resources

NEWER = {"newer": {"attribute": 1}}
# Their names are data.
MAPS = {"columns", "suggested_columns", "rates", "skipped_reasons"}
READERS = [name for name in APIS if event_of(name)["httpMethod"] == "GET"]
CONSUMERS = [name for name, *_ in consumers(QUEUE)]
OTHERS = ["Authorize", "ActOnCampaign", "PlanAudienceScans", "PutOptOut", "StartScheduledCampaign", "Sweep", "UpdateCampaign"]


def with_newer(value: Any) -> Any:
    """Add an attribute to an object, and to every object in it or in its JSON."""
    match value:
        case {**entries}:
            return {name: entry if name in MAPS else _in_json(entry) for name, entry in entries.items()} | NEWER
        case list():
            return [_in_json(entry) for entry in value]
    return value


def _in_json(value: Any) -> Any:
    if not isinstance(value, str) or not value.startswith(("{", "[")):
        return with_newer(value)
    try:
        return json.dumps(with_newer(json.loads(value)))
    except ValueError:
        return value


@pytest.fixture
def newer_items(sample_services: Server) -> None:
    """All items that the events name, as a newer release stores them."""
    for name in resources(TABLE):
        table = boto3.resource("dynamodb").Table(name)
        for item in table.scan()["Items"]:
            table.put_item(Item=with_newer(item))


def answer(name: str) -> Any:
    """What a function answers to its sample event, whose queue messages are of a newer release."""
    event, path = event_of(name), folder(functions()[name])
    if name in CONSUMERS:
        event["Records"] = [{**record, "body": _in_json(record["body"])} for record in event["Records"]]
    return outcome(invoke(f"{path.parent.name}/{path.name}", event))


def test_what_a_newer_release_has_stored_can_be_read(newer_items: None) -> None:
    assert {name: answer(name) for name in READERS} == {name: expected(name) for name in READERS}


@pytest.mark.parametrize("name", [*CONSUMERS, *OTHERS])
def test_what_a_newer_release_has_begun_can_be_continued(newer_items: None, name: str) -> None:
    assert answer(name) == expected(name)
