"""Finds events in the streams of the tables and publishes them (an outbox).

An event follows from the change of an item alone, so no event is lost, and none is false. A batch may be delivered again, whole
or split, without further effect: the id of an event is derived from the id of its stream record. An item that comes back from a
backup is no event.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from outreach import clock
from outreach.callbacks import event_publisher
from outreach.callbacks.event_publisher import DomainEvent
from outreach.campaigns import campaign_records
from outreach.campaigns.campaign_records import RecordStatus
from outreach.consent import opt_outs
from outreach.events.models import EventType
from outreach.http.job_status import JobStatus
from outreach.imports import import_records
from outreach.messages import message_rows
from outreach.messages.models import Kind
from outreach.sending import circuit_breaker
from outreach.stream import event_data

Item = Mapping[str, Any]

# The attribute of an item that came back from a backup: when it came back.
_RESTORED_TIME = "restored_time"
_RECORD_EVENTS = {RecordStatus.COMPLETED: EventType.RECORD_COMPLETED, RecordStatus.PAUSED: EventType.RECORD_PAUSED}


@dataclass(frozen=True)
class ItemChange:
    """An item before and after a change.

    Attributes:
        id: the same whenever the change is delivered.
        time: when it happened (:mod:`outreach.clock` defines the format).
        old: empty if the item was created.
        new: empty if the item was deleted.
    """

    id: str
    time: str
    old: Item
    new: Item


@dataclass(frozen=True)
class _EventDetails:
    """What the change of an item says about its event; see :class:`DomainEvent`.

    Attributes:
        time: when it happened, if the item has it.
    """

    site_id: str
    type: EventType
    data: Callable[[], Mapping[str, Any]]
    time: str | None = None


def publish(changes: Iterable[ItemChange]) -> None:
    """Publish the events that follow from changes of items.

    Raises:
        RuntimeError: SQS accepted only some deliveries. Publish all changes again.
    """
    event_publisher.publish(filter(None, map(_domain_event, changes)))


def restored(item: Item) -> Item:
    """Return the item of a backup as it is to be stored: with a mark if its return would otherwise be announced as an event."""
    return {**item, _RESTORED_TIME: clock.timestamp(clock.now())} if _find({}, item) else item


def without_mark(item: Item) -> Item:
    """Return an item without the mark of :func:`restored`."""
    return {name: value for name, value in item.items() if name != _RESTORED_TIME}


def _domain_event(change: ItemChange) -> DomainEvent | None:
    event_id = str(uuid.uuid5(uuid.NAMESPACE_OID, change.id))
    with event_publisher.bounded_retries(event_id, change.time):
        if details := _find(change.old, change.new):
            return DomainEvent(event_id, details.site_id, details.type, details.time or change.time, change.time, details.data)
    return None


def _find(old: Item, new: Item) -> _EventDetails | None:
    """Return the event that follows from a change, if any. The key of the item says of what kind it is."""
    if new.get(_RESTORED_TIME, old.get(_RESTORED_TIME)) != old.get(_RESTORED_TIME):
        return None
    key = new or old
    pk, sk = key["pk"], key.get("sk", "")
    if sk.startswith("RECORD#"):
        return _campaign_record(old, new)
    if sk.startswith("STATE#"):
        return _channel_account(pk.removeprefix("SITE#"), sk.removeprefix("STATE#"), old, new)
    if "#OPTOUTS#" in pk:
        return _opt_out(pk.split("#")[1], old, new)
    if pk.endswith("#IMPORTS"):
        return _contact_import(old, new)
    return _reply(old, new) if not sk else None


def _reply(old: Item, new: Item) -> _EventDetails | None:
    if old or new.get("kind") != Kind.INBOUND:
        return None
    message = message_rows.from_row(new)
    return _EventDetails(message.site_id, EventType.REPLY_RECEIVED, partial(event_data.reply, message), message.slot)


def _opt_out(site_id: str, old: Item, new: Item) -> _EventDetails | None:
    was_opted_out, is_opted_out = (bool(item.get("is_opted_out")) for item in (old, new))
    if not new or was_opted_out == is_opted_out:
        return None
    kind = EventType.CONTACT_OPTED_OUT if is_opted_out else EventType.CONTACT_OPTED_IN
    state = opt_outs.from_item(new)
    return _EventDetails(site_id, kind, partial(event_data.opt_out, site_id, state), state.since)


def _campaign_record(old: Item, new: Item) -> _EventDetails | None:
    if not new or old.get("status") == new["status"]:
        return None
    record = campaign_records.from_item(new)
    kind = _RECORD_EVENTS.get(record.status)
    return _EventDetails(record.site_id, kind, partial(event_data.campaign_record, record), record.status_time) if kind else None


def _contact_import(old: Item, new: Item) -> _EventDetails | None:
    if not new or new["status"] != JobStatus.COMPLETED or old.get("status") == JobStatus.COMPLETED:
        return None
    record = import_records.from_item(new)
    if record.options.is_dry_run:
        return None
    return _EventDetails(
        record.site_id, EventType.IMPORT_COMPLETED, partial(event_data.contact_import, record), record.end_time or None
    )


def _channel_account(site_id: str, account_id: str, old: Item, new: Item) -> _EventDetails | None:
    """Return the event of a pause or its end. A pause that a further fault or a probe prolongs is still the same pause."""
    before, after = circuit_breaker.state_of_item(old), circuit_breaker.state_of_item(new)
    if bool(before) == bool(after):
        return None
    kind = EventType.ACCOUNT_PAUSED if after else EventType.ACCOUNT_RESUMED
    return _EventDetails(site_id, kind, partial(event_data.channel_account, site_id, account_id, after))
