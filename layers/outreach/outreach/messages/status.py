"""The status of a message, which only moves forward (docs/api.md, "Messages")."""

from __future__ import annotations

from enum import StrEnum


class MessageStatus(StrEnum):
    """The statuses of a message.

    ``skipped`` is internal: the campaign was cancelled or the recipient opted out after the row was created. The API shows such a
    contact among the skipped contacts, not among the messages.
    """

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    SKIPPED = "skipped"

    @property
    def rank(self) -> int:
        """The position in a message's life cycle; a status may change only to one of higher rank."""
        return _RANKS[self]

    @property
    def is_final(self) -> bool:
        return self.rank == _FINAL

    @property
    def is_accepted(self) -> bool:
        """Whether the carrier has accepted the message, delivered or not."""
        return self in (MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.UNDELIVERED)

    def earlier_statuses(self) -> list[MessageStatus]:
        """Return the statuses that may change to this one."""
        return [status for status in MessageStatus if status.rank < self.rank]


_FINAL = 3
_RANKS = {
    MessageStatus.QUEUED: 0,
    MessageStatus.SENDING: 1,
    MessageStatus.SENT: 2,
    MessageStatus.DELIVERED: _FINAL,
    MessageStatus.UNDELIVERED: _FINAL,
    MessageStatus.FAILED: _FINAL,
    MessageStatus.SKIPPED: _FINAL,
}


class SkipReason(StrEnum):
    """Why a contact of the audience is not sent a message."""

    NO_RECIPIENT = "no_recipient"
    INVALID_RECIPIENT = "invalid_recipient"
    OPTED_OUT = "opted_out"
    CANCELLED = "cancelled"
    FREQUENCY_CAP = "frequency_cap"
    BLANK_MESSAGE = "blank_message"
    MESSAGE_TOO_LONG = "message_too_long"
