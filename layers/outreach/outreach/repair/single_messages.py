"""Repairs single messages. The sweep repairs those of campaign records with the records."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby

from outreach import clock
from outreach.messages import message_store
from outreach.messages.models import Message
from outreach.repair import stalled_messages

# Younger messages are presumably still being processed.
_MIN_AGE = timedelta(minutes=2)


def repair() -> int:
    """Queue overdue single messages of all sites again, and reconcile those whose worker crashed.

    Returns:
        The number of messages repaired.
    """
    now = clock.now().timestamp()
    accounts = groupby(sorted(_unsettled(), key=_account), key=_account)
    return sum(sum(stalled_messages.repair(rows, now)) for _, rows in accounts)


def _unsettled() -> Iterator[Message]:
    ids = sorted(message_store.unsettled_ids(clock.timestamp(clock.now() - _MIN_AGE)))
    for site_id, group in groupby(ids, key=lambda pair: pair[0]):
        message_ids = [message_id for _, message_id in group]
        yield from message_store.get_many(site_id, message_ids, consistent=True, texts=False).values()


def _account(row: Message) -> tuple[str, str]:
    """Return what the messages of one job have in common."""
    return row.site_id, row.account_id
