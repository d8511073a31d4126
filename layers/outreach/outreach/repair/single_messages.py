"""Repairs single messages. The sweep repairs those of campaign records with the records."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby

from outreach import clock
from outreach.messages import message_store
from outreach.messages.models import Message
from outreach.observability import logger
from outreach.repair import stalled_messages

# Younger messages are presumably still being processed.
_MIN_AGE = timedelta(minutes=2)


def repair() -> int:
    """Queue overdue single messages of all sites again, and reconcile those whose worker crashed.

    Returns:
        The number of messages repaired.

    Raises:
        RuntimeError: the messages of some accounts could not be repaired. Those of all others were.
    """
    now, repaired, failed = clock.now().timestamp(), 0, 0
    unsettled = message_store.unsettled(clock.timestamp(clock.now() - _MIN_AGE))
    for (site_id, account_id), rows in groupby(sorted(unsettled, key=_account), key=_account):
        try:
            repaired += sum(stalled_messages.repair(rows, now))
        except Exception:
            logger().exception("single messages could not be repaired", site_id=site_id, account_id=account_id)
            failed += 1
    if failed:
        raise RuntimeError(f"the single messages of {failed} accounts could not be repaired")
    return repaired


def _account(row: Message) -> tuple[str, str]:
    """Return what the messages of one job have in common."""
    return row.site_id, row.account_id
