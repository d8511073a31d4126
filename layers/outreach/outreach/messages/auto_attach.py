"""Whether, when, and to which ticket a message is attached by itself (contract, Campaigns, records, messages: Auto-attach)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from outreach.messages.models import Message


class PreferredTicket(StrEnum):
    NEW = "newTicket"
    EXISTING = "existing"


class AttachTime(StrEnum):
    WHEN_SENT = "whenTheMessageIsSent"
    WHEN_REPLIED = "whenContactRepliesTheMessage"


@dataclass(frozen=True)
class AutoAttach:
    """What was asked for, as it was asked.

    Who asks for a ticket without a preference gets the contact's open one; without a time, at once.
    """

    is_wanted: bool
    preferred_ticket: str | None
    time: str | None

    @classmethod
    def of_campaign(cls, campaign: Mapping[str, Any]) -> AutoAttach:
        """What the snapshot in a campaign record asks for."""
        return cls(
            campaign.get("isMessageAutoAttachedToTicket", False),
            campaign.get("preferredTicketToAutoAttach"),
            campaign.get("timeToAutoAttachToTicket"),
        )

    @classmethod
    def of(cls, message: Message, campaign: Mapping[str, Any] | None) -> AutoAttach:
        """What is asked for a message: by its record's campaign, or, for a single one, by itself."""
        if campaign:
            return cls.of_campaign(campaign)
        return cls(message.is_auto_attached, message.preferred_ticket, message.attach_time)

    @property
    def when_sent(self) -> bool:
        return self.is_wanted and self.time != AttachTime.WHEN_REPLIED

    @property
    def when_replied(self) -> bool:
        return self.is_wanted and self.time == AttachTime.WHEN_REPLIED

    @property
    def to_new_ticket(self) -> bool:
        return self.preferred_ticket == PreferredTicket.NEW
