"""A message as the system keeps it: one row, about 1 KB, the campaign by reference to its record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid5

from outreach import clock
from outreach.messages.status import SkipReason, Status


class ClaimState(StrEnum):
    """Who may call the carrier for a message.

    ``FREE``: whoever claims it. ``CALLING``: one worker does, until the lease ends. ``UNKNOWN``: nobody, the outcome of a
    call is being found out. ``DONE``: nobody any more.
    """

    FREE = "free"
    CALLING = "calling"
    UNKNOWN = "unknown"
    DONE = "done"


@dataclass(frozen=True)
class Claim:
    """The right to call the carrier. ``until`` is a Unix time: after it, a ``CALLING`` has outlived its worker."""

    state: ClaimState = ClaimState.FREE
    attempt: int = 0
    until: int = 0


class Kind(StrEnum):
    """Where a message belongs: to Outreach Message, to Outbound Unichannel, or it is what a contact wrote to us."""

    OUTREACH = "outreach"
    OUTBOUND = "outbound"
    INBOUND = "inbound"


@dataclass(frozen=True)
class Message:
    """One SMS to one contact.

    What a campaign determines for all its messages is not here but in its record; ``campaign_id`` to ``callback_url`` are for
    single messages only. An inbound message has the channel account as ``recipient`` and is ``delivered`` from the start.

    Attributes:
        slot: when it is due (see :mod:`outreach.clock` for the spelling); part of index keys, so it never changes.
        record_id: the campaign record it belongs to, or ``None`` for a single message.
        place: its position in the record's frozen audience.
        segments: how many carrier segments the body takes.
        sequence: raised by each change of the status; orders callbacks.
        sent_time: when the carrier accepted it.
        callback: whether somebody wants to be told of its status.
        attach_when_sent: whether it goes to a ticket as soon as the carrier has accepted it.
        skip_reason: why, when the status is ``skipped``.
        time_zones: where the recipient may be (IANA names), where the site has quiet hours.
        ticket_id: the ticket that it is attached to.
        media_urls: what the carrier fetches and sends along (MMS).
        attachments: the same as the client described it, for an outbound message.
    """

    id: str
    site_id: str
    contact_id: str
    account_id: str
    sender: str
    recipient: str
    body: str
    slot: str
    segments: int = 1
    record_id: str | None = None
    place: int | None = None
    callback: bool = False
    attach_when_sent: bool = False
    status: Status = Status.QUEUED
    sequence: int = 0
    claim: Claim = Claim()
    sent_time: str | None = None
    carrier_message_id: str | None = None
    failed_reason: str = ""
    skip_reason: SkipReason | None = None
    kind: Kind = Kind.OUTREACH
    ticket_id: str | None = None
    media_urls: tuple[str, ...] = ()
    time_zones: tuple[str, ...] = ()
    attachments: tuple[Mapping[str, Any], ...] = ()
    campaign_id: str | None = None
    campaign_sent_time: str | None = None
    is_auto_attached: bool = False
    preferred_ticket: str | None = None
    attach_time: str | None = None
    callback_url: str | None = None


@dataclass(frozen=True)
class Period:
    """A stretch of time; its end is not in it."""

    start: datetime
    end: datetime

    def __contains__(self, moment: str) -> bool:
        return clock.timestamp(self.start) <= moment < clock.timestamp(self.end)


def campaign_message_id(record_id: str, contact_id: str) -> str:
    """The id of a contact's message in a campaign record: the same however often the fan-out is repeated."""
    return str(uuid5(UUID(record_id), contact_id))
