"""What was tried to tell a customer of a message, and telling it anew."""

from __future__ import annotations

from datetime import timedelta

from outreach import clock
from outreach.callbacks import queue, state
from outreach.callbacks.queue import Announcement
from outreach.callbacks.state import Attempt
from outreach.errors import Conflict, NotFound
from outreach.messages import store as messages
from outreach.messages.models import Message
from outreach.messages.status import Status

_KEPT = timedelta(days=30)


def of_message(site_id: str, message_id: str) -> list[Attempt]:
    """The attempts of the last month, in their order.

    Raises:
        NotFound: the site has no such message.
    """
    _existing(site_id, message_id)
    since = clock.timestamp(clock.now() - _KEPT)
    return [attempt for attempt in state.get(site_id, message_id).attempts if attempt.time >= since]


def redeliver(site_id: str, message_id: str) -> Message:
    """Queue the callback of a message's newest state, even if it was delivered, is parked, or was given up.

    Returns:
        The message.

    Raises:
        NotFound: the site has no such message.
        Conflict: nobody wants to be told of it, or there is nothing to tell yet.
    """
    message = _existing(site_id, message_id)
    if not message.callback or not message.sequence:
        raise Conflict("The message has no callback to deliver.", code="invalid_state")
    queue.put([Announcement(site_id, message_id, message.sequence, anew=True)])
    return message


def _existing(site_id: str, message_id: str) -> Message:
    message = messages.get(site_id, message_id)
    if message.status is Status.SKIPPED:
        raise NotFound("There is no such message.")
    return message
