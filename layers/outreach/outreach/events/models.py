"""Events of a site, the webhooks that subscribe to them, and the delivery of an event to a webhook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

import orjson


class EventType(StrEnum):
    """The type of an event, as the API writes it."""

    REPLY_RECEIVED = "reply.received"
    CONTACT_OPTED_OUT = "contact.optedOut"
    CONTACT_OPTED_IN = "contact.optedIn"
    RECORD_COMPLETED = "campaignRecord.completed"
    RECORD_PAUSED = "campaignRecord.paused"
    IMPORT_COMPLETED = "contactImport.completed"
    ACCOUNT_PAUSED = "channelAccount.paused"
    ACCOUNT_RESUMED = "channelAccount.resumed"
    WEBHOOK_TEST = "webhook.test"


# What a webhook can subscribe to; a test is sent only on request.
SUBSCRIBABLE = tuple(kind for kind in EventType if kind is not EventType.WEBHOOK_TEST)


@dataclass(frozen=True)
class Event:
    """Something that happened in a site.

    Attributes:
        id: the same whenever the event is published again; the ``webhook-id`` of its deliveries.
        time: when it happened (:mod:`outreach.clock` defines the format).
        data: the object that it concerns, as the API writes it.
    """

    id: str
    site_id: str
    type: EventType
    time: str
    data: Mapping[str, Any]

    @property
    def body(self) -> bytes:
        """The body of the request that delivers the event."""
        return orjson.dumps({"type": self.type, "timestamp": self.time, "siteId": self.site_id, "data": self.data})


@dataclass(frozen=True)
class SigningSecret:
    """A secret that signs a webhook's deliveries; the parameter store has the secret itself.

    Attributes:
        until: the Unix time at which it stops signing; ``None`` for the newest secret.
    """

    id: str
    until: int | None = None


@dataclass(frozen=True)
class Webhook:
    """A site's subscription to events.

    Attributes:
        secrets: newest first.
    """

    id: str
    site_id: str
    url: str
    events: tuple[EventType, ...]
    description: str
    create_time: str
    secrets: tuple[SigningSecret, ...]

    def signing_secrets(self, now: float) -> list[str]:
        """Return the ids of the secrets that sign a delivery at ``now`` (Unix time), newest first."""
        return [secret.id for secret in self.secrets if secret.until is None or secret.until > now]


@dataclass(frozen=True)
class EventDelivery:
    """The delivery of one event to one webhook."""

    # An event does not change, so its delivery has one state.
    SEQUENCE: ClassVar[int] = 1

    webhook_id: str
    event_type: EventType
    event_id: str

    @property
    def subject_id(self) -> str:
        """The id by which callbacks know this delivery; see :mod:`outreach.callbacks.delivery_state`."""
        return f"DELIVERY#{self.webhook_id}#{self.event_type}#{self.event_id}"

    @classmethod
    def parse(cls, subject_id: str) -> EventDelivery | None:
        """Return the delivery that a subject's id names; ``None`` if it is the id of a message."""
        kind, *parts = subject_id.split("#")
        if kind != "DELIVERY":
            return None
        webhook_id, event_type, event_id = parts
        return cls(webhook_id, EventType(event_type), event_id)
