"""A message as it is stored: a row of less than 1 KB, which refers to its campaign record, and an item for a long text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid5

from outreach.consent.keywords import Keyword
from outreach.messages.status import MessageStatus, SkipReason

# The text of a message, as the carriers limit it (Twilio: Body), and the template of one (docs/api.md, "Merge fields").
MAX_TEXT_CHARACTERS = 1_600
MAX_TEMPLATE_CHARACTERS = 4_000


class ClaimState(StrEnum):
    """The state of a message's claim.

    ``FREE``: a worker may claim the message. ``CALLING``: one worker calls the carrier, until the claim expires. ``UNKNOWN``: the
    outcome of a call is being reconciled. ``DONE``: the message has an outcome.
    """

    FREE = "free"
    CALLING = "calling"
    UNKNOWN = "unknown"
    DONE = "done"


@dataclass(frozen=True)
class Claim:
    """The exclusive right to call the carrier for a message.

    Attributes:
        attempt: the number of claims so far.
        until: a Unix time. A ``CALLING`` claim expires then; a ``FREE`` one can be claimed from then on.
    """

    state: ClaimState = ClaimState.FREE
    attempt: int = 0
    until: int = 0


class Kind(StrEnum):
    """The kind of a message: of Outreach Message, of Outbound Unichannel, or inbound from a contact."""

    OUTREACH = "outreach"
    OUTBOUND = "outbound"
    INBOUND = "inbound"


@dataclass(frozen=True)
class Message:
    """One SMS to one contact.

    Settings that all messages of a campaign share are stored in its record; ``campaign_id`` to ``is_test`` are set for single
    messages only. An inbound message has the channel account as ``recipient`` and is ``delivered`` from the start; its
    ``record_id`` and ``campaign_id`` are those of the campaign message that it answers.

    Attributes:
        sender: the number, short code or name that it is sent from; empty until the carrier has chosen a number of a pool.
        body: the text; empty if the store has read the row without its separate text.
        slot: the time at which it was first due, as :mod:`outreach.clock` writes it; a part of index keys.
        record_id: its campaign record, or ``None`` for a single message.
        place: its position in the record's frozen audience.
        segments: the number of SMS segments of the body.
        sequence: the number of changes of the status; orders callbacks.
        sent_time: when the carrier accepted it.
        callback: whether changes of its status are delivered to a callback endpoint.
        attach_when_sent: whether it is attached to a ticket when the carrier has accepted it.
        skip_reason: the reason for the status ``skipped``.
        time_zones: the recipient's possible time zones (IANA names), if the site has quiet hours.
        ticket_id: the ticket that it is attached to.
        media_urls: the files that the carrier fetches and sends with it (MMS).
        attachments: the same files as the client described them, or as the carrier did for an inbound message.
        is_test: whether it tests a campaign; then it shows the contact's values, but goes to another number.
        keyword: the meaning of an inbound message that is a keyword.
        carrier_failures: consecutive failures of its carrier, or to read its separate text
            (:class:`outreach.repeated_failures.Failures`), if any.
        repair_failures: the same for attempts of the sweep to queue it again.
        last_error: the name of the error that kept a worker from sending it since it was queued last, if any.
        text_digest: names the item that has the text, if the row does not have it.
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
    status: MessageStatus = MessageStatus.QUEUED
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
    keyword: Keyword | None = None
    campaign_id: str | None = None
    campaign_sent_time: str | None = None
    is_auto_attached: bool = False
    preferred_ticket: str | None = None
    attach_time: str | None = None
    callback_url: str | None = None
    is_test: bool = False
    carrier_failures: Mapping[str, Any] | None = None
    repair_failures: Mapping[str, Any] | None = None
    last_error: str | None = None
    text_digest: str | None = None

    @property
    def lacks_text(self) -> bool:
        """Whether its text is in an item of its own that was not read, or does not exist."""
        return self.text_digest is not None and not self.body


def campaign_message_id(record_id: str, contact_id: str) -> str:
    """Return the id of a contact's message in a campaign record: always the same, so releasing it again is idempotent."""
    return str(uuid5(UUID(record_id), contact_id))
