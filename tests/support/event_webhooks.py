"""Requests for webhooks, and the streams that publish events to them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.support import customer_endpoint
from tests.support.customer_endpoint import Customer
from tests.support.functions import Answer, call, invoke
from tests.support.stack import consumers, matches_filter
from tests.support.template import TABLE, moto_backend

PATH = "/outreach/webhooks"


def post(body: dict[str, Any], key: str | None = None, **options: Any) -> Answer:
    """Ask for a new webhook, under an Idempotency-Key if one is given."""
    headers = {"Idempotency-Key": key} if key else None
    return call("outreach/create_webhook", "POST", PATH, body, headers=headers, **options)


def create(url: str = "https://customer.example/events", *types: str) -> dict[str, Any]:
    """Create a webhook that subscribes to events, by default to replies; returns it with its secret."""
    answer = post({"url": url, "events": list(types or ["reply.received"])})
    assert answer.status == 201, answer.body
    return dict(answer.body)


def act(webhook_id: str, verb: str, key: str | None = None, **options: Any) -> Answer:
    """Ask for ``:test`` or ``:rotateSecret``."""
    headers = {"Idempotency-Key": key} if key else None
    return call("outreach/act_on_webhook", "POST", f"{PATH}/{webhook_id}:{verb}", headers=headers, **options)


def get(path: str = "", **options: Any) -> Answer:
    """Read the list of webhooks, or what is below it."""
    return call("outreach/get_webhooks", "GET", f"{PATH}{path}", **options)


def attempts(webhook_id: str) -> list[dict[str, Any]]:
    """The attempts to deliver events to a webhook, oldest first."""
    answer = get(f"/{webhook_id}/attempts?pageSize=0&sortOrder=asc")
    assert answer.status == 200, answer.body
    return list(answer.body["attempts"])


def received(customer: Customer) -> list[dict[str, Any]]:
    """The events that a customer's endpoint has received, in order."""
    return [json.loads(request.body) for request in customer.server.requests]


@dataclass
class Streams:
    """Passes the changes of the tables to ``PublishEvents``, as its event source mappings and their filters do.

    Attributes:
        positions: the number of stream records that were processed, by table.
    """

    positions: dict[str, int] = field(default_factory=dict)

    def publish(self) -> None:
        """Process all new changes. A batch that fails is processed again by the next call."""
        for name, table, mapping in consumers(TABLE):
            if name == "PublishEvents":
                self._publish(table, mapping["FilterCriteria"]["Filters"])

    def deliver(self) -> None:
        """Process all new changes, and the callback queue."""
        self.publish()
        customer_endpoint.deliver_queued()

    def _publish(self, table: str, filters: list[dict[str, str]]) -> None:
        records = [entry.to_json() for entry in moto_backend("dynamodb").tables[table].stream_shard.items]
        patterns = [json.loads(entry["Pattern"]) for entry in filters]
        batch = [
            record
            for record in records[self.positions.get(table, 0) :]
            if any(matches_filter(entry, record) for entry in patterns)
        ]
        if batch:
            invoke("workers/publish_events", {"Records": list(map(_to_lambda_event, batch))})
        self.positions[table] = len(records)


def _to_lambda_event(record: dict[str, Any]) -> dict[str, Any]:
    moment: datetime = record["dynamodb"]["ApproximateCreationDateTime"]
    return {**record, "dynamodb": {**record["dynamodb"], "ApproximateCreationDateTime": int(moment.timestamp())}}
