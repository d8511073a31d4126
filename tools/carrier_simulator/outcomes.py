"""Defines the outcome of a message by the last four digits of its recipient."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

E164 = re.compile(r"\+[1-9]\d{1,14}")


class Refusal(StrEnum):
    """Why a send request is refused. Each carrier has its own error code for it."""

    INVALID_RECIPIENT = "invalid_recipient"
    OPTED_OUT = "opted_out"
    THROTTLED = "throttled"
    SERVER_ERROR = "server_error"


@dataclass(frozen=True)
class Outcome:
    """What happens to one message.

    Attributes:
        refused: refuses every attempt for this reason.
        temporary_refusals: refuses the first attempts, for one reason each.
        receipts: the reported statuses, in the order of their webhooks.
        receipts_before_response: posts all receipts before the response to the send request.
        loses_response: accepts the message but closes the connection without a response.
    """

    description: str
    refused: Refusal | None = None
    temporary_refusals: tuple[Refusal, ...] = ()
    receipts: tuple[str, ...] = ("sent", "delivered")
    receipts_before_response: bool = False
    loses_response: bool = False

    def refusal_for_attempt(self, attempt: int) -> Refusal | None:
        """Return why the attempt (counted from 0) is refused, or ``None`` to accept it."""
        if self.refused:
            return self.refused
        return self.temporary_refusals[attempt] if attempt < len(self.temporary_refusals) else None


DELIVERED = Outcome("delivered")

OUTCOMES = {
    "0101": Outcome("refused as invalid", refused=Refusal.INVALID_RECIPIENT),
    "0102": Outcome("refused as opted out", refused=Refusal.OPTED_OUT),
    "0103": Outcome("accepted, then undelivered", receipts=("sent", "undelivered")),
    "0104": Outcome("429 twice, then accepted", temporary_refusals=(Refusal.THROTTLED, Refusal.THROTTLED)),
    "0105": Outcome("500 once; a second attempt would be accepted", temporary_refusals=(Refusal.SERVER_ERROR,)),
    "0106": Outcome("accepted, response lost", loses_response=True),
    "0107": Outcome("accepted, receipts before the response", receipts_before_response=True),
    "0108": Outcome("accepted, receipts out of order", receipts=("delivered", "sent")),
}


def outcome_of(recipient: str) -> Outcome:
    """Return the outcome of messages to an E.164 number."""
    return OUTCOMES.get(recipient[-4:], DELIVERED)
