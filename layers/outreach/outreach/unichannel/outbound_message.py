"""Reads outbound messages. Separate from the service that sends them, so that reading does not import carriers."""

from __future__ import annotations

from outreach.errors import NotFound
from outreach.messages import message_store
from outreach.messages.models import Kind, Message


def get(site_id: str, message_id: str) -> Message:
    """Return an outbound message in its present state.

    Raises:
        NotFound: the site has no such message, or it is a message of the Outreach Message API.
    """
    message = message_store.get(site_id, message_id)
    if message.kind is not Kind.OUTBOUND:
        raise NotFound("The site has no outbound message with this id.")
    return message
