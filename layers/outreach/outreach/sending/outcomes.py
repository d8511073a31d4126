"""What can come of asking a carrier to send a message: exactly one of four, and what each one obliges us to do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    """A message as a carrier is asked to send it.

    Attributes:
        message_id: our id; Telnyx's ``Idempotency-Key``.
        sender: E.164 number of the channel account.
        recipient: E.164 number.
        status_url: where the carrier reports what became of it; has the message's key inside.
    """

    message_id: str
    sender: str
    recipient: str
    body: str
    status_url: str
    media_urls: tuple[str, ...] = ()


@dataclass(frozen=True)
class Accepted:
    """The carrier has taken the message; asking again would send it twice."""

    carrier_message_id: str


@dataclass(frozen=True)
class Refused:
    """The carrier will never take this message.

    Attributes:
        reason: for ``failedReason``: the carrier's code and its words.
        opted_out: the recipient has unsubscribed from the sender (Twilio 21610, Telnyx 40300).
        account_fault: the fault is the account's (credentials, suspended), not the message's.
    """

    reason: str
    opted_out: bool = False
    account_fault: bool = False


@dataclass(frozen=True)
class Deferred:
    """The carrier has certainly not taken it (429, connection refused): safe to ask again after ``seconds``.

    Attributes:
        account_stopped: nothing of this account will be taken until then (Telnyx 40333: until midnight UTC).
    """

    seconds: float
    reason: str
    account_stopped: bool = False


@dataclass(frozen=True)
class Unknown:
    """Nobody can say whether it was taken (time-out, 5xx, a broken connection after the request was sent)."""

    reason: str


Outcome = Accepted | Refused | Deferred | Unknown
