"""The first try of each callback, straight from the queue; what fails is parked (:mod:`outreach.callbacks.parking`).

The callbacks of a batch are made all at once, so that a slow endpoint is waited for once. Those of a site are handled on their
own: what they have in common is read once, and nothing that is wrong with it concerns another site.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import groupby
from operator import attrgetter
from typing import TypeVar

from outreach.callbacks import executions, parking, queue, state, telling
from outreach.callbacks.endpoint import Failed
from outreach.callbacks.parking import Change, Endpoint
from outreach.callbacks.queue import Announcement
from outreach.callbacks.state import State
from outreach.callbacks.telling import News
from outreach.observability import logger

T = TypeVar("T")

# By then most leases are over; the rest comes back once more.
_BUSY_SECONDS = state.LEASE_SECONDS // 3


@dataclass(frozen=True)
class _Tried:
    """A message that was dealt with; its outcome is still to be written down together with the endpoint's."""

    endpoint_id: str
    change: Change
    fault: bool = False


def deliver(announcements: Mapping[str, Announcement]) -> set[str]:
    """Tell customers of changes of messages, unless they know of them, or of newer ones, already.

    Args:
        announcements: by an id of the caller's.

    Returns:
        The ids of those that could not be handled and must come again. A callback that its endpoint didn't take is parked,
        and handled thereby.
    """
    ordered = sorted(announcements.items(), key=lambda entry: (entry[1].site_id, entry[1].sequence))
    sites = {site_id: dict(group) for site_id, group in groupby(ordered, key=lambda entry: entry[1].site_id)}
    with ThreadPoolExecutor(len(sites)) as pool:
        failed, lost = _side_by_side(pool, {site_id: partial(_deliver, site_id, group) for site_id, group in sites.items()})
    return set().union(*failed.values(), *(sites[site_id] for site_id in lost))


def _deliver(site_id: str, announcements: Mapping[str, Announcement]) -> set[str]:
    """The same for one site; of a message that is announced twice the newer one comes last."""
    newest = _one_of_each_message(announcements.values())
    known = state.get_many(site_id, [message_id for message_id, announcement in newest.items() if announcement.is_last])
    with ThreadPoolExecutor(len(newest)) as pool:
        permits = {message_id: partial(_hold, entry, known.get(message_id)) for message_id, entry in newest.items()}
        held, failed = _side_by_side(pool, permits)
        tried, untold = _side_by_side(pool, dict(_tries(site_id, newest, held)))
    failed |= untold | _park(site_id, sorted(tried.values(), key=attrgetter("endpoint_id", "fault")))
    return {name for name, announcement in announcements.items() if announcement.message_id in failed}


def _side_by_side(pool: ThreadPoolExecutor, jobs: Mapping[str, Callable[[], T | None]]) -> tuple[dict[str, T], set[str]]:
    """Do jobs at once: what came of those of which something came, and those that failed."""
    futures = {name: pool.submit(job) for name, job in jobs.items()}
    errors = {name: error for name, future in futures.items() if (error := future.exception())}
    for name, error in errors.items():
        logger().error("callbacks could not be handled", exc_info=error, of=name)
    results = {name: future.result() for name, future in futures.items() if name not in errors}
    return {name: result for name, result in results.items() if result is not None}, set(errors)


def _one_of_each_message(announcements: Iterable[Announcement]) -> dict[str, Announcement]:
    """The last of each message, for whoever tells of a message tells its newest state."""
    newest: dict[str, Announcement] = {}
    for announcement in announcements:
        before = newest.get(announcement.message_id)
        newest[announcement.message_id] = replace(announcement, anew=announcement.anew or bool(before and before.anew))
    return newest


def _hold(announcement: Announcement, known: State | None) -> State | None:
    """The state of a message that may and has to be told of; ``known`` is that of one whose last state it is."""
    site_id, message_id, sequence = announcement.site_id, announcement.message_id, announcement.sequence
    try:
        if announcement.anew:
            return state.take_anyway(site_id, message_id)
        return state.untold(known, sequence) if known else state.take(site_id, message_id, sequence)
    except state.Busy:
        queue.put([announcement], delay_seconds=_BUSY_SECONDS)
        return None


def _tries(
    site_id: str, newest: Mapping[str, Announcement], held: Mapping[str, State]
) -> Iterator[tuple[str, Callable[[], _Tried | None]]]:
    """What to do about each message. What they have in common is read here, before they go their ways."""
    news, endpoint = _read(site_id, newest, held), cache(partial(parking.get, site_id, consistent=False))
    for message_id, before in held.items():
        if entry := news.get(message_id):
            yield message_id, partial(_tell, before, entry, endpoint(entry.endpoint_id), anew=newest[message_id].anew)
        else:
            yield message_id, partial(_concluded, telling.ended(before, None))


def _read(site_id: str, newest: Mapping[str, Announcement], held: Iterable[str]) -> dict[str, News]:
    """The messages as they stand. The last state of one stays as it is, so that no read that shows it is out of date."""
    seen = telling.read(site_id, [message_id for message_id in held if newest[message_id].is_last], consistent=False)
    last = {message_id: entry for message_id, entry in seen.items() if entry.message.sequence >= newest[message_id].sequence}
    return last | telling.read(site_id, [message_id for message_id in held if message_id not in last])


def _tell(held: State, news: News, at: Endpoint, *, anew: bool) -> _Tried | None:
    if held.endpoint_id not in (None, at.id):
        held = parking.move(held)
    if at.is_down and not anew:
        return _Tried(at.id, telling.postponed(held, at))
    answer = telling.post(news)
    fault = isinstance(answer, Failed) and answer.endpoint_fault
    return _concluded(telling.concluded(held, at.id, news.message.sequence, answer), fault=fault)


def _concluded(change: Change, *, fault: bool = False) -> _Tried | None:
    """Write the outcome down, unless an endpoint's count of what is parked changes with it."""
    held, after = change.held, change.after
    if held.endpoint_id == after.endpoint_id:
        state.put(held, after)
        return None
    return _Tried(after.endpoint_id or held.endpoint_id or "", change, fault)


def _park(site_id: str, tried: Iterable[_Tried]) -> set[str]:
    """Write outcomes together with their endpoints', one transaction for each; returns the messages where it failed."""
    failed = set()
    for (endpoint_id, fault), group in groupby(tried, key=attrgetter("endpoint_id", "fault")):
        changes = [entry.change for entry in group]
        try:
            _settle(site_id, endpoint_id, changes, fault=fault)
        except Exception:
            logger().exception("callbacks could not be parked", endpoint_id=endpoint_id, site_id=site_id)
            failed |= {change.held.message_id for change in changes}
    return failed


def _settle(site_id: str, endpoint_id: str, changes: list[Change], *, fault: bool) -> None:
    parking.unpark(site_id, endpoint_id, [change for change in changes if not change.after.is_parked])
    waiting = [change for change in changes if change.after.is_parked]
    opened = parking.park(site_id, endpoint_id, waiting, fault=fault) if waiting else None
    if opened:
        executions.start(opened)
