"""The status of a message, which only moves forward (contract, Campaigns, records, messages)."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """``skipped`` is ours alone: a row overtaken by cancel or opt-out, which the API shows as a skip and never as a message."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    SKIPPED = "skipped"

    @property
    def rank(self) -> int:
        """How far along a message is: a change is allowed only to a higher rank."""
        return _RANKS[self]

    @property
    def is_final(self) -> bool:
        return self.rank == _FINAL

    @property
    def is_accepted(self) -> bool:
        """Whether the carrier has taken the message, whatever became of it there."""
        return self in (Status.SENT, Status.DELIVERED, Status.UNDELIVERED)

    def before(self) -> list[Status]:
        """The statuses from which this one can be reached."""
        return [status for status in Status if status.rank < self.rank]


_FINAL = 3
_RANKS = {
    Status.QUEUED: 0,
    Status.SENDING: 1,
    Status.SENT: 2,
    Status.DELIVERED: _FINAL,
    Status.UNDELIVERED: _FINAL,
    Status.FAILED: _FINAL,
    Status.SKIPPED: _FINAL,
}


class SkipReason(StrEnum):
    """Why a contact of the audience gets no message."""

    NO_RECIPIENT = "no_recipient"
    INVALID_RECIPIENT = "invalid_recipient"
    OPTED_OUT = "opted_out"
    CANCELLED = "cancelled"
    FREQUENCY_CAP = "frequency_cap"
