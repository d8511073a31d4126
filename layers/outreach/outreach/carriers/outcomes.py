"""The possible outcomes of a call to a carrier (docs/carriers.md, "Refusals")."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class OutboundSms:
    """A message to send through a carrier.

    Attributes:
        message_id: our id, which is Telnyx's ``Idempotency-Key``.
        sender: the number, short code or name that it is sent from; empty if the carrier chooses a number of ``pool``.
        recipient: the recipient's E.164 number.
        body: the text.
        status_url: the URL for the carrier's receipts, which contains the message's key.
        media_urls: the files to send with it.
        pool: the carrier's id of the pool of numbers; empty if ``sender`` is given.
    """

    message_id: str
    sender: str
    recipient: str
    body: str
    status_url: str
    media_urls: tuple[str, ...] = ()
    pool: str = ""


@dataclass(frozen=True)
class Accepted:
    """The carrier has accepted the message; another call would send it twice.

    Attributes:
        carrier_message_id: the carrier's id of the message.
        sender: what the carrier sends it from; empty if it does not say so yet.
    """

    carrier_message_id: str
    sender: str = ""


@dataclass(frozen=True)
class Refused:
    """The carrier has rejected the message permanently.

    Attributes:
        reason: the carrier's code and message, for ``failedReason``.
        opted_out: whether the recipient has opted out of the sender's messages (Twilio 21610, Telnyx 40300).
        account_fault: whether the account is at fault (wrong credentials, out of credit, sender not usable) rather than the
            message. The message is then sent again when the account works.
        sender_fault: whether this fault of the account concerns the sender of the message alone.
        unknown_code: the code, if no table has it, or the HTTP status if there is no code. Several equal ones in a row count as a
            fault of the account.
    """

    reason: str
    opted_out: bool = False
    account_fault: bool = False
    sender_fault: bool = False
    unknown_code: str | None = None


@dataclass(frozen=True)
class RetryLater:
    """The carrier has certainly not accepted the message (connection refused, full queue); another call after a wait is safe.

    Attributes:
        seconds: the wait time.
        reason: the carrier's code and message, or the name of the error.
        account_stopped: whether the carrier rejects all messages of the account until then (Telnyx 40333: until midnight UTC).
    """

    seconds: float
    reason: str
    account_stopped: bool = False


@dataclass(frozen=True)
class Throttled:
    """The carrier has certainly not accepted the message, because the account sends too fast (429).

    Attributes:
        reason: the carrier's code and message.
        seconds: the wait time that the carrier asks for, if any.
    """

    reason: str
    seconds: float | None = None


@dataclass(frozen=True)
class Unknown:
    """The carrier may or may not have accepted the message (timeout, 5xx, a connection that broke after the request)."""

    reason: str


SendOutcome = Accepted | Refused | RetryLater | Throttled | Unknown
