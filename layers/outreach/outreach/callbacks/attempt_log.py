"""The log of the attempts to deliver a message's callbacks, or events to a webhook; and the redelivery of a callback."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from outreach import clock
from outreach.callbacks import callback_queue, delivery_state
from outreach.callbacks.callback_queue import CallbackJob
from outreach.callbacks.delivery_state import Attempt, DeliveryState
from outreach.errors import Conflict, NotFound
from outreach.events import webhook_store
from outreach.events.models import EventDelivery
from outreach.messages import message_store
from outreach.messages.models import Message
from outreach.messages.status import MessageStatus

_RETENTION = timedelta(days=30)
# The list of a webhook's attempts has those of this many deliveries at most.
_MAX_DELIVERIES = 1_000


@dataclass(frozen=True)
class WebhookAttempt:
    """An attempt to deliver an event to a webhook."""

    delivery: EventDelivery
    attempt: Attempt


def list_attempts(site_id: str, message_id: str) -> list[Attempt]:
    """Return the attempts of the last 30 days, oldest first.

    Raises:
        NotFound: the site has no such message.
    """
    _get_message(site_id, message_id, text=False)
    return _recent(delivery_state.get(site_id, message_id))


def list_webhook_attempts(site_id: str, webhook_id: str) -> list[WebhookAttempt]:
    """Return the attempts of the last 30 days to deliver events to a webhook, of the 1,000 events that were attempted last.

    Raises:
        NotFound: the site has no such webhook.
    """
    webhook_store.get(site_id, webhook_id)
    states = islice(delivery_state.list_by_webhook(site_id, webhook_id), _MAX_DELIVERIES)
    deliveries = ((EventDelivery.parse(state.subject_id), state) for state in states)
    return [WebhookAttempt(delivery, attempt) for delivery, state in deliveries if delivery for attempt in _recent(state)]


def _recent(state: DeliveryState) -> list[Attempt]:
    oldest = clock.timestamp(clock.now() - _RETENTION)
    return [attempt for attempt in state.attempts if attempt.time >= oldest]


def redeliver(site_id: str, message_id: str) -> Message:
    """Queue the callback of a message's newest state, even if it was delivered, is parked, or was given up.

    Returns:
        The message.

    Raises:
        NotFound: the site has no such message.
        Conflict: the message has no callback URL, or its status has not changed yet.
    """
    message = _get_message(site_id, message_id)
    if not message.callback or not message.sequence:
        raise Conflict("The message has no callback to deliver.", code="invalid_state")
    callback_queue.put([CallbackJob(site_id, message_id, message.sequence, force=True)])
    return message


def _get_message(site_id: str, message_id: str, *, text: bool = True) -> Message:
    message = message_store.get(site_id, message_id, text=text)
    if message.status is MessageStatus.SKIPPED:
        raise NotFound("The site has no message with this id.")
    return message
