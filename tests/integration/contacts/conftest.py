"""A site, requests to its endpoints, and the table's stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from outreach import aws as aws_clients
from outreach.sites import store as sites
from outreach.sites.models import Site
from tests.support import functions

SITE = "10000"
OTHER_SITE = "20000"


@pytest.fixture(autouse=True)
def _sites(aws: None) -> None:
    sites.put_site(Site(SITE))
    sites.put_site(Site(OTHER_SITE))


@pytest.fixture
def calls() -> Iterator[list[str]]:
    """The operations of DynamoDB that were called."""
    made: list[str] = []

    def note(model: Any, **_: Any) -> None:
        made.append(model.name)

    clients = (aws_clients.dynamodb(), aws_clients.dynamodb_in_bulk())
    for client in clients:
        client.meta.events.register("before-call.dynamodb", note)
    yield made
    for client in clients:
        client.meta.events.unregister("before-call.dynamodb", note)


@pytest.fixture
def deliver_stream() -> Callable[[], list[dict[str, Any]]]:
    """Give everything that the contacts table's stream holds to its consumer, and return it."""

    def deliver() -> list[dict[str, Any]]:
        records = _stream_records()
        functions.invoke("workers/count_contacts", {"Records": records})
        return records

    return deliver


def _stream_records() -> list[dict[str, Any]]:
    table = dynamodb_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].get_table("ContactsTable")
    assert table.stream_shard
    return [record.to_json() for record in table.stream_shard.items]
