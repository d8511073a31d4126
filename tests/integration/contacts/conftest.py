"""Two sites, the DynamoDB calls that are made, and the stream of the contacts table."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from outreach import aws as aws_clients
from outreach.sites import site_store
from outreach.sites.models import Site
from tests.support import functions
from tests.support.stack import consumers, matches_filter
from tests.support.template import TABLE, moto_backend

SITE = "10000"
OTHER_SITE = "20000"


@pytest.fixture(autouse=True)
def _sites(aws: None) -> None:
    site_store.put_site(Site(SITE))
    site_store.put_site(Site(OTHER_SITE))


@pytest.fixture
def calls() -> Iterator[list[str]]:
    """The names of the DynamoDB operations that the code calls."""
    operations: list[str] = []

    def record(model: Any, **_: Any) -> None:
        operations.append(model.name)

    events = aws_clients.dynamodb().meta.events
    events.register("before-call.dynamodb", record)
    yield operations
    events.unregister("before-call.dynamodb", record)


@pytest.fixture
def deliver_stream() -> Callable[[], list[dict[str, Any]]]:
    """Invoke the stream's consumer with the records of the contacts table that its filters let through; return all records."""
    (mapping,) = (mapping for name, _, mapping in consumers(TABLE) if name == "CountContacts")
    patterns = [json.loads(entry["Pattern"]) for entry in mapping["FilterCriteria"]["Filters"]]

    def deliver() -> list[dict[str, Any]]:
        records = _stream_records()
        passed = [record for record in records if any(matches_filter(pattern, record) for pattern in patterns)]
        functions.invoke("workers/count_contacts", {"Records": passed})
        return records

    return deliver


def _stream_records() -> list[dict[str, Any]]:
    table = moto_backend("dynamodb").get_table("ContactsTable")
    assert table.stream_shard
    return [record.to_json() for record in table.stream_shard.items]
