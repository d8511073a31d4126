"""Auto-attach: whether, when, and to which ticket a message is attached automatically (docs/api.md, "Messages")."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from outreach.messages.models import Message


class PreferredTicket(StrEnum):
    NEW = "newTicket"
    EXISTING = "existing"


class AttachTime(StrEnum):
    WHEN_SENT = "whenTheMessageIsSent"
    WHEN_REPLIED = "whenContactRepliesTheMessage"


@dataclass(frozen=True)
class AutoAttach:
    """The auto-attach settings of a campaign or a single message, as the client gave them.

    Without a preference the message is attached to the contact's open ticket; without a time, when it is sent.
    """

    is_requested: bool = False
    preferred_ticket: str | None = None
    time: str | None = None

    @classmethod
    def of(cls, message: Message, of_campaign: AutoAttach | None) -> AutoAttach:
        """Return the settings of a message: those of its record's campaign, or a single message's own."""
        return of_campaign or cls(message.is_auto_attached, message.preferred_ticket, message.attach_time)

    @property
    def is_due_when_sent(self) -> bool:
        return self.is_requested and self.time != AttachTime.WHEN_REPLIED

    @property
    def is_due_when_replied(self) -> bool:
        return self.is_requested and self.time == AttachTime.WHEN_REPLIED

    @property
    def is_for_new_ticket(self) -> bool:
        return self.preferred_ticket == PreferredTicket.NEW
