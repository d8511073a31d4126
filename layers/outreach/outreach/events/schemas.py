"""Request and response schemas of webhooks (docs/api.md, "Events")."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from outreach import clock, wire
from outreach.events.models import SUBSCRIBABLE, EventType, SigningSecret, Webhook

_SubscribableEvent = Annotated[
    EventType,
    BeforeValidator(wire.one_of(*SUBSCRIBABLE)),
    WithJsonSchema({"type": "string", "enum": [kind.value for kind in SUBSCRIBABLE]}),
]
_Events = Annotated[list[_SubscribableEvent], Field(min_length=1, max_length=100)]
_Description = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]


class WebhookUpdateBody(wire.Request):
    """The properties that a PUT may change; absent ones keep their values."""

    url: wire.Changeable[wire.Url] = None
    events: wire.Changeable[_Events] = None
    description: _Description = ""

    def changes(self) -> dict[str, Any]:
        """Return the attributes of a webhook that the body changes, with their new values."""
        changes = {name: getattr(self, name) for name in self.model_fields_set}
        return changes | ({"events": _distinct(changes["events"])} if "events" in changes else {})


class WebhookBody(WebhookUpdateBody):
    """A new webhook."""

    url: wire.Url
    events: _Events

    def webhook(self, site_id: str, webhook_id: str) -> Webhook:
        """Return the webhook; its first secret has the webhook's id."""
        return Webhook(
            webhook_id,
            site_id,
            self.url,
            _distinct(self.events),
            self.description,
            clock.timestamp(clock.now()),
            (SigningSecret(webhook_id),),
        )


class WebhookResponse(wire.Response):
    """A webhook, without its secret."""

    id: str
    url: str
    events: list[EventType]
    description: str
    create_time: str

    @classmethod
    def of(cls, webhook: Webhook) -> WebhookResponse:
        return cls(**_properties(webhook))


class WebhookWithSecretResponse(WebhookResponse):
    """A webhook and its newest secret; ``None`` if the secret was deleted after the request that is repeated."""

    secret: str | None

    @classmethod
    def with_secret(cls, webhook: Webhook, secret: str) -> WebhookWithSecretResponse:
        return cls(**_properties(webhook), secret=secret)


class WebhooksResponse(wire.PagedResponse):
    webhooks: list[WebhookResponse]


def _distinct(events: list[EventType]) -> tuple[EventType, ...]:
    return tuple(dict.fromkeys(events))


def _properties(webhook: Webhook) -> dict[str, Any]:
    return {
        "id": webhook.id,
        "url": webhook.url,
        "events": list(webhook.events),
        "description": webhook.description,
        "create_time": webhook.create_time,
    }
