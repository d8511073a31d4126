"""Pauses, resumes and cancels sends: the newest of a campaign that is not over (docs/api.md, "Campaigns"), or one by its record.

Each of them changes the status of the record first. Workers and releases read the status, so the change takes effect at once,
whatever the backlog. Cleanup follows in the background.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from outreach import clock, dynamo
from outreach.campaigns import campaign_records, campaign_store, ledger, send_execution, unfinished_work
from outreach.campaigns.campaign_records import CampaignRecord, RecordStatus
from outreach.campaigns.ledger import Cell
from outreach.campaigns.release import deferred_recipients
from outreach.errors import Conflict
from outreach.sending import pacing
from outreach.sites import site_store

_ACTIVE = frozenset({RecordStatus.PENDING, RecordStatus.RUNNING})
_PAUSED = frozenset({RecordStatus.PAUSED})
_CANCELLED = frozenset({RecordStatus.CANCELLED})


@dataclass(frozen=True)
class _Transition:
    """The effect of a verb. It is refused for a status in neither set.

    Attributes:
        allowed_from: the statuses that the verb changes.
        no_effect_in: the statuses that the verb leaves unchanged, because they are its result.
    """

    allowed_from: frozenset[RecordStatus]
    no_effect_in: frozenset[RecordStatus]
    apply: Callable[[CampaignRecord], CampaignRecord]


def pause(site_id: str, campaign_id: str) -> CampaignRecord:
    """Stop sending until :func:`resume`. Messages that the carrier has accepted are not affected.

    Raises:
        NotFound: the site has no such campaign.
        Conflict: the campaign has no send to pause.
    """
    return _act("pause", site_id, campaign_id)


def resume(site_id: str, campaign_id: str) -> CampaignRecord:
    """Continue a paused send. Messages that are still queued get new slots.

    Raises:
        NotFound: the site has no such campaign.
        Conflict: the campaign has no send to resume.
    """
    return _act("resume", site_id, campaign_id)


def cancel(site_id: str, campaign_id: str) -> CampaignRecord:
    """End the send. Recipients whose message is not with the carrier are skipped with the reason ``cancelled``.

    Raises:
        NotFound: the site has no such campaign.
        Conflict: the campaign has no send to cancel.
    """
    return _act("cancel", site_id, campaign_id)


def act_on_record(verb: str, record: CampaignRecord) -> CampaignRecord:
    """Pause, resume or cancel one send.

    Args:
        verb: ``pause``, ``resume`` or ``cancel``.

    Raises:
        Conflict: the status of the send does not allow it.
    """
    return _TRANSITIONS[verb].apply(record) if would_change(verb, record) else record


def would_change(verb: str, record: CampaignRecord) -> bool:
    """Return whether :func:`act_on_record` would change a send; ``False`` if it is already as the verb makes it.

    Raises:
        Conflict: the status of the send does not allow the verb.
    """
    transition = _TRANSITIONS[verb]
    if record.status not in transition.allowed_from | transition.no_effect_in:
        raise Conflict(f"The send is {record.status}, so it is too late to {verb} it.", code="invalid_state")
    return record.status in transition.allowed_from


def continue_with_new_slots(record: CampaignRecord) -> CampaignRecord | None:
    """Go on with a running send whose queued messages wait for nothing any more: they get new slots, at the account's rate.

    Returns:
        The send; ``None`` if it was paused, cancelled or completed since it was read.
    """
    try:
        continued = _change_status(record, _require_running)
    except Conflict:
        return None
    send_execution.start(continued)
    return continued


def _require_running(record: CampaignRecord) -> RecordStatus:
    if record.status is not RecordStatus.RUNNING:
        raise Conflict("The send does not run.", code="invalid_state")
    return RecordStatus.RUNNING


def _act(verb: str, site_id: str, campaign_id: str) -> CampaignRecord:
    return act_on_record(verb, _record_to_act_on(site_id, campaign_id))


def _pause(record: CampaignRecord) -> CampaignRecord:
    paused = _change_status(record, lambda _: RecordStatus.PAUSED)
    _release_slots(paused)
    return paused


def _resume(record: CampaignRecord) -> CampaignRecord:
    resumed = _change_status(record, lambda current: RecordStatus.RUNNING if current.is_frozen else RecordStatus.PENDING)
    send_execution.start(resumed)
    return resumed


def _cancel(record: CampaignRecord) -> CampaignRecord:
    cancelled = _change_status(record, lambda _: RecordStatus.CANCELLED)
    _release_slots(cancelled)
    send_execution.start(cancelled)
    return cancelled


_TRANSITIONS = {
    "pause": _Transition(allowed_from=_ACTIVE, no_effect_in=_PAUSED, apply=_pause),
    "resume": _Transition(allowed_from=_PAUSED, no_effect_in=_ACTIVE, apply=_resume),
    "cancel": _Transition(allowed_from=_ACTIVE | _PAUSED, no_effect_in=_CANCELLED, apply=_cancel),
}


def _record_to_act_on(site_id: str, campaign_id: str) -> CampaignRecord:
    """Return the newest record that is not over, or else the newest one. Its campaign may be deleted."""
    records = campaign_records.list_by_campaign(site_id, campaign_id)
    if not records:
        campaign_store.get(site_id, campaign_id)
        raise Conflict("The campaign has not been sent yet. Start a send with :send.", code="invalid_state")
    return next((record for record in reversed(records) if not record.is_over), records[-1])


def _change_status(record: CampaignRecord, status_of: Callable[[CampaignRecord], RecordStatus]) -> CampaignRecord:
    """Change the status of an unfinished record. Retries if the freeze of the audience changes the record concurrently."""

    def attempt() -> CampaignRecord:
        current = campaign_records.get(record.site_id, record.id)
        if current.is_over:
            raise ended
        status = status_of(current)
        try:
            return campaign_records.change_status(current, status, released=_cursor(current, status))
        except dynamo.ConditionFailed as refusal:
            raise dynamo.WriteConflict from refusal

    ended = Conflict("The send has already ended.", code="invalid_state")
    return dynamo.retry_on_conflict(attempt, attempts=5, error=ended)


def _cursor(record: CampaignRecord, status: RecordStatus) -> int | None:
    """Return where the release goes on after a change to ``status``; ``None`` where it is."""
    if status is RecordStatus.CANCELLED:
        return 0
    return _first_queued(record) if status is RecordStatus.RUNNING else None


def _first_queued(record: CampaignRecord) -> int:
    """Return the first queued place before the cursor, or the cursor. Deferred places are released by themselves."""
    pages = ledger.read_pages(record.site_id, record.id)
    queued = [place for page in pages for place in page.places(Cell.QUEUED) if place < record.released]
    deferred = deferred_recipients.places(record.site_id, record.id) if queued else set()
    return next((place for place in queued if place not in deferred), record.released)


def _release_slots(record: CampaignRecord) -> None:
    """Free the slots that the record has reserved, unless another running send of the account may have reserved later slots."""
    account_id = record.channel_account_id
    other_records = (
        campaign_records.get(record.site_id, other.id)
        for other in unfinished_work.read(record.site_id).records
        if other.id != record.id and other.channel_account_id in (None, account_id)
    )
    if any(other.status is RecordStatus.RUNNING and other.channel_account_id == account_id for other in other_records):
        return
    pacing.release_slots(site_store.get_account(record.site_id, account_id), clock.now().timestamp())
