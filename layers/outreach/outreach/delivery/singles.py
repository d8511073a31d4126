"""Repairing single messages, as the sweep does it for those of campaign records."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby

from outreach import clock
from outreach.delivery import forgotten, lost_answers
from outreach.messages import store as messages
from outreach.messages.models import Message
from outreach.observability import logger
from outreach.sending import accounts, queue
from outreach.sending.queue import Due, Recipient

# Younger ones are under way, for all that anybody knows.
_AGE = timedelta(minutes=2)


def repair() -> int:
    """Queue single messages again whose copies were lost, and look for those whose worker died.

    Returns:
        How many of all sites were taken up.
    """
    now = clock.now().timestamp()
    rows = list(_unsettled())
    late = [row for row in rows if forgotten.is_overdue(row, now)]
    for (site_id, account_id), group in groupby(sorted(late, key=_sender), key=_sender):
        if accounts.pause_of(site_id, account_id):
            continue
        overdue = sorted(group, key=lambda row: row.slot)
        messages.postpone(overdue, [now] * len(overdue))
        queue.enqueue(overdue, [now] * len(overdue))
    lost = [row for row in rows if forgotten.is_lost(row, now)]
    for row in lost:
        lost_answers.begin(Due(row.site_id, row.account_id, None, ()), Recipient(row.id, row.recipient), row)
    if late or lost:
        logger().warning("taking up single messages again", overdue=len(late), lost=len(lost))
    return len(late) + len(lost)


def _unsettled() -> Iterator[Message]:
    found = sorted(messages.unsettled(clock.timestamp(clock.now() - _AGE)))
    for site_id, group in groupby(found, key=lambda pair: pair[0]):
        yield from messages.get_many(site_id, [message_id for _, message_id in group], consistent=True).values()


def _sender(row: Message) -> tuple[str, str]:
    """What messages must have in common to be queued together."""
    return row.site_id, row.account_id
