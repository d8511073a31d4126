"""Sends a single message: reserves quota and a sending slot, creates its row, and queues it."""

from __future__ import annotations

import math

from outreach import clock
from outreach.messages import message_store
from outreach.messages.models import Message
from outreach.observability import logger
from outreach.sending import pacing, quota, send_queue
from outreach.sites.models import ChannelAccount, Site


def send(site: Site, account: ChannelAccount, message: Message) -> Message:
    """Queue a new message for sending at once. A second call for the same message does not send it again.

    Returns:
        The message as it is stored.

    Raises:
        TooManyRequests: the site has used its daily quota (``quota_exceeded``).
    """
    now = clock.now().timestamp()
    if not admit(site, account, message):
        message = message_store.get(site.id, message.id)
    try:
        send_queue.enqueue([message], [now])
    except Exception:
        # The row exists, so the sweep queues the message. An error would make the client send it a second time.
        logger().exception("a message could not be queued", message_id=message.id)
    return message


def admit(site: Site, account: ChannelAccount, message: Message) -> bool:
    """Reserve quota and a slot for a single message, and create its row.

    The message does not wait for its slot; only messages that are released later do.

    Returns:
        ``False`` when a message with this id exists. A repeated request uses up no quota.

    Raises:
        TooManyRequests: the site has used its daily quota (``quota_exceeded``).
    """
    quota.reserve_single(site, message.segments)
    pacing.reserve(account, [message.segments], now=clock.now().timestamp(), horizon=math.inf)
    is_new = message_store.create(message)
    if not is_new:
        quota.refund(site.id, message.segments, site.daily_segments)
    return is_new
