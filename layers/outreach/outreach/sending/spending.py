"""How many segments a site may send a day: one counter a site and day (UTC), taken from before anything is released.

``SITE#<site>``, ``SEGMENTS#<date>`` in the sites table: ``taken``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from itertools import accumulate

from outreach import clock, dynamo
from outreach.errors import QUOTA_EXCEEDED, TooManyRequests
from outreach.settings import settings
from outreach.sites.models import Site

_MAX_RACES = 20


def affordable(segments: Sequence[int], budget: int) -> int:
    """How many of the messages, from the first, fit into a budget of segments."""
    return sum(1 for total in accumulate(segments) if total <= budget)


def take(site_id: str, segments: Sequence[int], daily: int | None) -> int:
    """Take segments out of the day's allowance for as many of the messages, from the first, as it has room for.

    Args:
        daily: the allowance; ``None``: there is none, and nothing is counted.

    Returns:
        For how many of the messages.

    Raises:
        RuntimeError: others were faster every time.
    """
    if daily is None or not segments:
        return len(segments)
    for _ in range(_MAX_RACES):
        taken = _taken(site_id)
        fitting = affordable(segments, daily - taken)
        if fitting == 0 or _add(site_id, sum(segments[:fitting]), taken):
            return fitting
    raise RuntimeError(f"the daily allowance of site {site_id} is contended")


def take_one(site: Site, segments: int) -> None:
    """Take a single message's segments.

    Raises:
        TooManyRequests: the day has no room for them (``quota_exceeded``).
    """
    if not take(site.id, [segments], site.daily_segments):
        now = clock.now()
        midnight = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
        raise TooManyRequests(
            "The site has sent all the segments that it may send today (UTC).",
            code=QUOTA_EXCEEDED,
            retry_after=math.ceil((midnight - now).total_seconds()),
        )


def give_back(site_id: str, segments: int, daily: int | None) -> None:
    """Put segments back that were taken and not used; on the day's counter as it now stands."""
    if daily is None or segments == 0:
        return
    for _ in range(_MAX_RACES):
        taken = _taken(site_id)
        if _add(site_id, -min(segments, taken), taken):
            return


def _taken(site_id: str) -> int:
    item = dynamo.get(settings().sites_table, _key(site_id), consistent=True)
    return item["taken"] if item else 0


def _add(site_id: str, segments: int, seen: int) -> bool:
    try:
        dynamo.update(
            settings().sites_table,
            _key(site_id),
            "SET taken = :new",
            {":new": seen + segments, ":seen": seen},
            condition="taken = :seen" + (" OR attribute_not_exists(taken)" if seen == 0 else ""),
        )
    except dynamo.ConditionFailed:
        return False
    return True


def _key(site_id: str) -> dict[str, str]:
    return {"pk": f"SITE#{site_id}", "sk": f"SEGMENTS#{clock.now().date().isoformat()}"}
