"""The first try of each callback, straight from the queue; what fails is parked (:mod:`outreach.callbacks.parking`)."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from outreach.callbacks import executions, parking, queue, state, telling
from outreach.callbacks.endpoint import Failed
from outreach.callbacks.parking import Change
from outreach.callbacks.queue import Announcement
from outreach.observability import logger

# By then most leases are over; the rest comes back once more.
_BUSY_SECONDS = state.LEASE_SECONDS // 3


@dataclass(frozen=True)
class _Tried:
    """An announcement that was dealt with; its outcome is still to be written down together with the endpoint's."""

    key: str
    site_id: str
    endpoint_id: str
    change: Change
    fault: bool = False


def deliver(announcements: Mapping[str, Announcement]) -> set[str]:
    """Tell customers of changes of messages, unless they know of them, or of newer ones, already.

    Args:
        announcements: by an id of the caller's; all of them at once, so that a slow endpoint is waited for once.

    Returns:
        The ids of those that could not be handled and must come again. A callback that its endpoint didn't take is parked,
        and handled thereby.
    """
    with ThreadPoolExecutor(len(announcements)) as pool:
        futures = {key: pool.submit(_try, key, announcement) for key, announcement in announcements.items()}
    failures = {key: error for key, future in futures.items() if (error := future.exception())}
    for key, error in failures.items():
        logger().error("a callback could not be handled", exc_info=error, message_id=announcements[key].message_id)
    tried = [future.result() for key, future in futures.items() if key not in failures]
    return set(failures) | _park(sorted(filter(None, tried), key=attrgetter("site_id", "endpoint_id", "fault")))


def _try(key: str, announcement: Announcement) -> _Tried | None:
    site_id, message_id = announcement.site_id, announcement.message_id
    try:
        held = (
            state.take_anyway(site_id, message_id)
            if announcement.anew
            else state.take(site_id, message_id, announcement.sequence)
        )
    except state.Busy:
        queue.put([announcement], delay_seconds=_BUSY_SECONDS)
        return None
    return _tell(key, announcement, held) if held else None


def _tell(key: str, announcement: Announcement, held: state.State) -> _Tried | None:
    site_id = announcement.site_id
    news = telling.read(site_id, announcement.message_id)
    if news is None:
        return _concluded(key, telling.ended(held, None))
    at = parking.get(site_id, news.endpoint_id, consistent=False)
    if held.endpoint_id not in (None, at.id):
        held = parking.move(held)
    if at.is_down and not announcement.anew:
        return _Tried(key, site_id, at.id, telling.postponed(held, at))
    answer = telling.post(news)
    fault = isinstance(answer, Failed) and answer.endpoint_fault
    return _concluded(key, telling.concluded(held, at.id, news.message.sequence, answer), fault=fault)


def _concluded(key: str, change: Change, *, fault: bool = False) -> _Tried | None:
    """Write the outcome down, unless an endpoint's count of what is parked changes with it."""
    held, after = change.held, change.after
    if held.endpoint_id == after.endpoint_id:
        state.put(held, after)
        return None
    return _Tried(key, held.site_id, after.endpoint_id or held.endpoint_id or "", change, fault)


def _park(tried: list[_Tried]) -> set[str]:
    """Write outcomes together with their endpoints', one transaction for each; returns the ids of those that failed."""
    failed = set()
    for (site_id, endpoint_id, fault), group in groupby(tried, key=attrgetter("site_id", "endpoint_id", "fault")):
        entries = list(group)
        try:
            _settle(site_id, endpoint_id, [entry.change for entry in entries], fault=fault)
        except Exception:
            logger().exception("callbacks could not be parked", endpoint_id=endpoint_id, site_id=site_id)
            failed |= {entry.key for entry in entries}
    return failed


def _settle(site_id: str, endpoint_id: str, changes: list[Change], *, fault: bool) -> None:
    parking.unpark(site_id, endpoint_id, [change for change in changes if not change.after.is_parked])
    waiting = [change for change in changes if change.after.is_parked]
    opened = parking.park(site_id, endpoint_id, waiting, fault=fault) if waiting else None
    if opened:
        executions.start(opened)
