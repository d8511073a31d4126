"""Finds single messages that may need a repair. The sweep repairs the messages of campaign records with the records."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby

from outreach import clock
from outreach.messages import message_index
from outreach.messages.models import Message

# A younger message is probably still being processed.
_MIN_AGE = timedelta(minutes=2)


def without_outcome() -> Iterator[list[Message]]:
    """Yield the single messages of all sites that should have an outcome by now and have none, one channel account at a time."""
    unsettled = message_index.unsettled(clock.timestamp(clock.now() - _MIN_AGE))
    for _, rows in groupby(sorted(unsettled, key=_account), key=_account):
        yield list(rows)


def _account(row: Message) -> tuple[str, str]:
    return row.site_id, row.account_id
