"""Pausing, resuming and cancelling the newest send of a campaign (contract, Campaigns, records, messages).

All three change the record first, which is what workers and the release look at, so that they take effect at once whatever the
backlog; what has to be tidied up goes on behind them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from outreach import clock, dynamo
from outreach.campaigns import executions, ledger, records, store
from outreach.campaigns.ledger import Cell
from outreach.campaigns.records import Record, RecordStatus
from outreach.errors import Conflict
from outreach.sending import pacing
from outreach.sites import store as sites

_MAX_RACES = 5
_ACTIVE = frozenset({RecordStatus.PENDING, RecordStatus.RUNNING})
_PAUSED = frozenset({RecordStatus.PAUSED})
_CANCELLED = frozenset({RecordStatus.CANCELLED})


@dataclass(frozen=True)
class _Transition:
    """What a verb does to a record: nothing where it is ``done``, its change where it is ``possible``, else it is refused."""

    possible: frozenset[RecordStatus]
    done: frozenset[RecordStatus]
    change: Callable[[Record], Record]


def pause(site_id: str, campaign_id: str) -> Record:
    """Stop sending until :func:`resume`. Messages that a carrier has already taken go their way.

    Raises:
        NotFound: the site has no such campaign.
        Conflict: there is nothing to pause.
    """
    return _act("pause", site_id, campaign_id)


def resume(site_id: str, campaign_id: str) -> Record:
    """Go on where :func:`pause` stopped: what is still queued gets new slots, from the first place that has something open.

    Raises:
        NotFound: the site has no such campaign.
        Conflict: there is nothing to resume.
    """
    return _act("resume", site_id, campaign_id)


def cancel(site_id: str, campaign_id: str) -> Record:
    """End the send: whatever is not with the carrier yet becomes a skip with the reason ``cancelled``.

    Raises:
        NotFound: the site has no such campaign.
        Conflict: there is nothing to cancel.
    """
    return _act("cancel", site_id, campaign_id)


def _act(verb: str, site_id: str, campaign_id: str) -> Record:
    record, transition = _newest(site_id, campaign_id), _TRANSITIONS[verb]
    if record.status in transition.done:
        return record
    if record.status not in transition.possible:
        raise _nothing(verb)
    return transition.change(record)


def _pause(record: Record) -> Record:
    paused = _change(record, RecordStatus.PAUSED)
    _give_slots_back(paused)
    return paused


def _resume(record: Record) -> Record:
    if record.audience is None:
        resumed = _change(record, RecordStatus.PENDING)
    else:
        resumed = _change(record, RecordStatus.RUNNING, released=_first_queued(record))
    executions.start(resumed)
    return resumed


def _cancel(record: Record) -> Record:
    cancelled = _change(record, RecordStatus.CANCELLED, released=0)
    _give_slots_back(cancelled)
    executions.start(cancelled)
    return cancelled


_TRANSITIONS = {
    "pause": _Transition(possible=_ACTIVE, done=_PAUSED, change=_pause),
    "resume": _Transition(possible=_PAUSED, done=_ACTIVE, change=_resume),
    "cancel": _Transition(possible=_ACTIVE | _PAUSED, done=_CANCELLED, change=_cancel),
}


def _newest(site_id: str, campaign_id: str) -> Record:
    store.get(site_id, campaign_id)
    newest = next(iter(records.list_of_campaign(site_id, campaign_id, newest_first=True)), None)
    if newest is None:
        raise _nothing("act on")
    return records.get(site_id, newest.id)


def _nothing(verb: str) -> Conflict:
    return Conflict(f"There is no send of this campaign to {verb}.", code="invalid_state")


def _change(record: Record, status: RecordStatus, *, released: int | None = None) -> Record:
    """Change the status; the freeze or the end of the send may come in between."""
    for _ in range(_MAX_RACES):
        try:
            return records.change_status(record, status, released=released)
        except dynamo.ConditionFailed:
            record = records.get(record.site_id, record.id)
            if record.is_over:
                break
    raise Conflict("The send has ended meanwhile.", code="invalid_state")


def _first_queued(record: Record) -> int:
    """The first place that is waiting for its slot, or else where the release has come to."""
    for page in ledger.read_pages(record.site_id, record.id):
        queued = page.places(Cell.QUEUED)
        if queued:
            return min(queued[0], record.released)
    return record.released


def _give_slots_back(record: Record) -> None:
    """Free the account's slots that the record would have used, unless another send has taken some behind them."""
    account_id = record.campaign["channelAccountId"]
    others = (
        records.get(site_id, record_id)
        for site_id, record_id in records.unfinished()
        if site_id == record.site_id and record_id != record.id
    )
    if any(other.status is RecordStatus.RUNNING and other.campaign["channelAccountId"] == account_id for other in others):
        return
    pacing.give_back(sites.get_account(record.site_id, account_id), clock.now().timestamp())
