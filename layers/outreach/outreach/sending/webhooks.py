"""What carriers tell us, in words that are the same for all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from outreach.errors import ValidationFailed
from outreach.messages.status import Status


@dataclass(frozen=True)
class Webhook:
    """A carrier's request as it came.

    Attributes:
        url: the public one that the carrier called, with its query; behind a gateway not what the Host header says.
        headers: names in lower case.
        body: the raw bytes; signatures are over these.
    """

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Receipt:
    """What became of a message that a carrier had taken.

    Attributes:
        status: ``None`` when the carrier's status has no meaning for us.
        failed_reason: the carrier's code and its words, for the statuses that are failures.
        opted_out: the recipient has unsubscribed from the sender.
    """

    carrier_message_id: str
    status: Status | None
    failed_reason: str | None = None
    opted_out: bool = False


class OptOut(StrEnum):
    """What a carrier took an inbound message for."""

    OUT = "out"
    IN = "in"
    HELP = "help"


# Twilio's OptOutType and Telnyx's autoresponse_type share their vocabulary.
OPT_OUTS = {"STOP": OptOut.OUT, "START": OptOut.IN, "HELP": OptOut.HELP}


@dataclass(frozen=True)
class Inbound:
    """A message from somebody.

    Attributes:
        sender: E.164 number (or short code) of who wrote.
        recipient: E.164 number of the channel account.
        opt_out: what the carrier made of it, if anything; it has already blocked or unblocked the sender accordingly.
    """

    carrier_message_id: str
    sender: str
    recipient: str
    body: str
    media_urls: tuple[str, ...] = ()
    opt_out: OptOut | None = None


@contextmanager
def reading() -> Iterator[None]:
    """Turn what a malformed webhook trips over into :class:`ValidationFailed`."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise ValidationFailed(detail=f"This is no webhook of the carrier ({type(error).__name__}).") from error
