"""Telling a customer of a message's status: the state at the time of telling, signed, once (contract, Callbacks)."""

from __future__ import annotations

import orjson

from outreach import clock
from outreach.callbacks import endpoint, queue, signing, state
from outreach.callbacks.endpoint import Delivered, Failed, Gone
from outreach.callbacks.queue import Announcement
from outreach.callbacks.state import Turn
from outreach.campaigns import records
from outreach.errors import NotFound
from outreach.messages import store as messages
from outreach.messages.bodies import MessageResponse
from outreach.messages.models import Message
from outreach.observability import logger
from outreach.sites import secrets
from outreach.sites import store as sites

# An endpoint that wants no more of a message has been told everything.
_EVERYTHING = 1_000_000


class CallbackFailed(Exception):
    """The endpoint did not take a callback; the queue brings it again."""


def deliver(announcement: Announcement) -> None:
    """Deliver the callback for a change of a message, unless the customer knows of it, or of a newer one, already.

    Raises:
        CallbackFailed: the endpoint did not take it.
    """
    site_id, message_id = announcement.site_id, announcement.message_id
    turn = state.take_turn(site_id, message_id, announcement.sequence)
    if turn is Turn.BUSY:
        queue.put([announcement], delay_seconds=state.LEASE_SECONDS // 3)
    if turn is not Turn.OURS:
        return
    told = None
    try:
        told = _tell(site_id, message_id)
    finally:
        state.end_turn(site_id, message_id, told)


def _tell(site_id: str, message_id: str) -> int:
    """Post the message as it stands; returns the sequence that the customer now knows."""
    try:
        message = messages.get(site_id, message_id)
        record = records.get(site_id, message.record_id) if message.record_id else None
    except NotFound:
        return _EVERYTHING
    url = record.callback_url if record else None
    if url is None:
        return _EVERYTHING
    body = callback_body(message, MessageResponse.of(message, record))
    headers = signing.headers(f"{message.id}-{message.sequence}", body, clock.now(), secrets.callback_secrets(site_id))
    answer = endpoint.post(url, body, headers, allow_private=sites.get_site(site_id).private_callbacks)
    logger().info("callback", message_id=message_id, site_id=site_id, sequence=message.sequence, answer=type(answer).__name__)
    match answer:
        case Delivered():
            return message.sequence
        case Gone():
            return _EVERYTHING
        case Failed(reason):
            raise CallbackFailed(reason)


def callback_body(message: Message, shown: MessageResponse) -> bytes:
    """The object of the specification (Outreach Message Callback) with ``siteId``, and the sequence that orders the callbacks."""
    return orjson.dumps({**shown.model_dump(mode="json", by_alias=True), "siteId": message.site_id, "sequence": message.sequence})
