"""What becomes of a message, decided by the last four digits of its recipient."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

E164 = re.compile(r"\+[1-9]\d{1,14}")


class Refusal(StrEnum):
    """Why a send request is not accepted, before a carrier gives it a code."""

    INVALID_RECIPIENT = "invalid_recipient"
    OPTED_OUT = "opted_out"
    THROTTLED = "throttled"
    SERVER_ERROR = "server_error"


@dataclass(frozen=True)
class Outcome:
    """The course of one message.

    ``refused`` turns every attempt away, ``turned_away`` the first attempts of a chain of equal requests, one reason each.
    ``receipts`` are the statuses reported, in the order of their webhooks.
    """

    meaning: str
    refused: Refusal | None = None
    turned_away: tuple[Refusal, ...] = ()
    receipts: tuple[str, ...] = ("sent", "delivered")
    receipts_before_answer: bool = False
    answer_lost: bool = False

    def refusal_of(self, attempt: int) -> Refusal | None:
        """Why the attempt with this zero-based number of its chain is turned away; ``None`` when it is accepted."""
        if self.refused:
            return self.refused
        return self.turned_away[attempt] if attempt < len(self.turned_away) else None


DELIVERED = Outcome("delivered")

OUTCOMES = {
    "0101": Outcome("refused as invalid", refused=Refusal.INVALID_RECIPIENT),
    "0102": Outcome("refused as opted out", refused=Refusal.OPTED_OUT),
    "0103": Outcome("accepted, then undelivered", receipts=("sent", "undelivered")),
    "0104": Outcome("429 twice, then accepted", turned_away=(Refusal.THROTTLED, Refusal.THROTTLED)),
    "0105": Outcome("500 once, then accepted", turned_away=(Refusal.SERVER_ERROR,)),
    "0106": Outcome("accepted, the answer is lost", answer_lost=True),
    "0107": Outcome("receipts before the answer", receipts_before_answer=True),
    "0108": Outcome("receipts out of order", receipts=("delivered", "sent")),
}


def outcome_of(recipient: str) -> Outcome:
    """The outcome of messages to ``recipient`` (E.164)."""
    return OUTCOMES.get(recipient[-4:], DELIVERED)
