"""Publishes events: stores each one and queues its delivery to the webhooks that subscribe to it.

An event has the same id whenever it is published. It is stored once, before its deliveries are queued, so it can be published
again after a crash at any call: its text stays the same, and a delivery that is queued twice is delivered once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from outreach import aws_errors, clock
from outreach.callbacks import callback_queue
from outreach.events import event_store, webhook_store
from outreach.events.models import Event, EventDelivery, EventType, Webhook
from outreach.repeated_failures import report_given_up

# How long an event whose data cannot be read is tried again.
_RETRY_PERIOD = timedelta(minutes=5)


@dataclass(frozen=True)
class DomainEvent:
    """Something that happened, before it is known whether a webhook subscribes to it.

    Attributes:
        id: the id of its event.
        time: when it happened.
        change_time: when the change that caused it was stored.
        data: reads the object that it concerns; called only if a webhook subscribes.
    """

    id: str
    site_id: str
    type: EventType
    time: str
    change_time: str
    data: Callable[[], Mapping[str, Any]]


def publish(events: Iterable[DomainEvent]) -> None:
    """Publish events to the webhooks of their sites that subscribe to their types.

    Raises:
        RuntimeError: SQS accepted only some deliveries. Publish all events again.
        Exception: the data of an event cannot be read. Publish all events again; after some minutes this one is given up.
    """
    webhooks_of = cache(webhook_store.list_webhooks)
    deliveries: dict[str, list[EventDelivery]] = {}
    for event in events:
        webhooks = [webhook for webhook in webhooks_of(event.site_id) if event.type in webhook.events]
        if webhooks and _store(event):
            queued = deliveries.setdefault(event.site_id, [])
            queued += [EventDelivery(webhook.id, event.type, event.id) for webhook in webhooks]
    for site_id, site_deliveries in deliveries.items():
        callback_queue.put_deliveries(site_id, site_deliveries)


@contextmanager
def bounded_retries(event_id: str, change_time: str, site_id: str = "") -> Iterator[None]:
    """Raise what fails inside, so that the change is processed again; after some minutes, report and drop it.

    A change that always fails would hold up those behind it in its shard of the stream: other sites' events among them. Failures
    that pass by themselves, such as throttling, are always raised.

    Args:
        change_time: when the change that caused the event was stored.
    """
    try:
        yield
    except Exception as error:
        reason = aws_errors.name_of(error)
        age = clock.now() - clock.from_timestamp(change_time)
        if aws_errors.is_transient_name(reason) or age < _RETRY_PERIOD:
            raise
        report_given_up("event", reason, event_id=event_id, site_id=site_id)


def _store(event: DomainEvent) -> bool:
    """Store an event; ``False`` if its data cannot be read and it is given up."""
    with bounded_retries(event.id, event.change_time, event.site_id):
        event_store.put_new(Event(event.id, event.site_id, event.type, event.time, event.data()))
        return True
    return False


def publish_test(webhook: Webhook, event_id: str, data: Mapping[str, Any]) -> None:
    """Send a test event to one webhook, even while its endpoint is down.

    Args:
        data: the webhook, as the API writes it.
    """
    event = Event(event_id, webhook.site_id, EventType.WEBHOOK_TEST, clock.timestamp(clock.now()), data)
    event_store.put_new(event)
    callback_queue.put_deliveries(webhook.site_id, [EventDelivery(webhook.id, event.type, event.id)], force=True)
