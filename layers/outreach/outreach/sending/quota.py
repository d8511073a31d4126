"""The daily quota: how many segments a site may send per day (UTC). Segments are reserved before messages are released.

One counter per site and day: ``SITE#<site>``, ``SEGMENTS#<date>`` in the sites table, with ``segments_used``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from itertools import accumulate

from outreach import clock, dynamo
from outreach.dynamo import Update
from outreach.errors import QUOTA_EXCEEDED, TooManyRequests
from outreach.settings import settings
from outreach.sites.models import Site


def count_affordable(segments: Sequence[int], budget: int) -> int:
    """Return how many messages, counted from the first, fit into a budget of segments."""
    return sum(1 for total in accumulate(segments) if total <= budget)


def reserve(site_id: str, segments: Sequence[int], daily_quota: int | None) -> int:
    """Reserve segments for as many messages, counted from the first, as today's quota has room for.

    Args:
        segments: the number of segments of each message.
        daily_quota: the site's quota; ``None`` means that the site has none, and nothing is counted.

    Returns:
        The number of messages that fit.

    Raises:
        RuntimeError: concurrent writes kept conflicting.
    """
    if daily_quota is None or not segments:
        return len(segments)

    def attempt() -> int:
        used = _used(site_id)
        fitting = count_affordable(segments, daily_quota - used)
        if fitting and not _add(site_id, sum(segments[:fitting]), used):
            raise dynamo.WriteConflict
        return fitting

    return dynamo.retry_on_conflict(attempt, error=_contended(site_id))


def used_today(site: Site) -> int | None:
    """Return how many segments a site has used today; ``None`` if it has no quota, because then they are not counted."""
    return None if site.daily_segments is None else _used(site.id)


def remaining(site: Site) -> int | None:
    """Return how many segments of today's quota are left; ``None`` if the site has no quota."""
    return None if site.daily_segments is None else max(0, site.daily_segments - _used(site.id))


def reserve_single(site: Site, segments: int) -> None:
    """Reserve the segments of a single message.

    Raises:
        TooManyRequests: today's quota has no room for them (``quota_exceeded``).
    """
    if not reserve(site.id, [segments], site.daily_segments):
        now = clock.now()
        midnight = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
        raise TooManyRequests(
            "The site has used its daily quota of segments. Send again after midnight UTC, when the quota is renewed.",
            code=QUOTA_EXCEEDED,
            retry_after=math.ceil((midnight - now).total_seconds()),
        )


def is_today(timestamp: str) -> bool:
    """Return whether a moment, as :mod:`outreach.clock` formats it, is of the day whose quota is counted now."""
    return clock.from_timestamp(timestamp).date() == clock.now().date()


def refund(site_id: str, segments: int, daily_quota: int | None) -> None:
    """Return reserved segments that are not used to today's quota."""
    if daily_quota is None or segments == 0:
        return

    def attempt() -> None:
        used = _used(site_id)
        if not _add(site_id, -min(segments, used), used):
            raise dynamo.WriteConflict

    dynamo.retry_on_conflict(attempt, error=_contended(site_id))


def _contended(site_id: str) -> RuntimeError:
    return RuntimeError(f"too many concurrent changes of the daily quota of site {site_id}")


def _used(site_id: str) -> int:
    item = dynamo.get(settings().sites_table, _key(site_id), consistent=True)
    return item["segments_used"] if item else 0


def _add(site_id: str, segments: int, used: int) -> bool:
    """Change the counter, unless it differs from ``used``."""
    return dynamo.update_if(
        settings().sites_table,
        _key(site_id),
        Update().set("segments_used", used + segments),
        {":used": used},
        condition="segments_used = :used" + (" OR attribute_not_exists(segments_used)" if used == 0 else ""),
    )


def _key(site_id: str) -> dict[str, str]:
    return {"pk": f"SITE#{site_id}", "sk": f"SEGMENTS#{clock.now().date().isoformat()}"}
