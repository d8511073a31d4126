"""Webhook events of carriers, in a form that all carriers share (docs/carriers.md, "Webhooks")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from outreach import clock
from outreach.carriers.error_scopes import ErrorScope
from outreach.consent.keywords import Keyword
from outreach.errors import ValidationFailed
from outreach.messages.status import MessageStatus


@dataclass(frozen=True)
class CarrierWebhook:
    """A carrier's HTTP request.

    Attributes:
        url: the public URL that the carrier called, with its query. Behind a gateway the Host header differs from it.
        headers: with names in lower case.
        body: the raw bytes, which are signed.
        received: when it arrived. It may be verified later.
    """

    url: str
    headers: Mapping[str, str]
    body: bytes
    received: datetime = field(default_factory=lambda: clock.now())


@dataclass(frozen=True)
class Receipt:
    """A delivery report of an accepted message.

    Attributes:
        carrier_message_id: the carrier's id of the message.
        status: ``None`` when the carrier's status has no equivalent here.
        failed_reason: the carrier's code and message, if the status is a failure.
        scope: what the carrier's code affects; ``None`` without a code, or for an unknown one.
        sender: what the message was sent from; empty if the carrier does not say.
    """

    carrier_message_id: str
    status: MessageStatus | None
    failed_reason: str | None = None
    scope: ErrorScope | None = None
    sender: str = ""

    @property
    def opted_out(self) -> bool:
        """Whether the recipient has opted out of the sender's messages."""
        return self.scope is ErrorScope.OPT_OUT


# The values of Twilio's OptOutType and of Telnyx's autoresponse_type.
CARRIER_KEYWORDS = {"STOP": Keyword.OUT, "START": Keyword.IN, "HELP": Keyword.HELP}


def attachment(url: str, content_type: str = "", size: object = None) -> dict[str, Any]:
    """Return a file as the API shows it, without what the carrier does not say (docs/api.md, "Replies")."""
    kind = content_type.partition("/")[0].strip().lower()
    is_size = isinstance(size, int) and not isinstance(size, bool)
    known = {"url": url, "contentType": content_type, "size": size if is_size else None}
    described = {"type": kind if kind in ("image", "video", "audio") else "file", **known}
    return {name: value for name, value in described.items() if value not in ("", None)}


@dataclass(frozen=True)
class InboundMessage:
    """A message that was sent to a channel account.

    Attributes:
        carrier_message_id: the carrier's id of the message.
        sender: the sender's E.164 number or short code; empty if the carrier does not say.
        recipient: the number that it was sent to, the first of a group message.
        body: the text.
        media_urls: the files sent with it.
        opt_out: the keyword that the carrier recognised, if any. The carrier has already blocked or unblocked the sender.
        occurred: when the carrier received the message, as :mod:`outreach.clock` formats it; empty if the carrier does not say.
        others: the further numbers that a group message was sent to.
        attachments: the files as the API shows them (:func:`attachment`).
    """

    carrier_message_id: str
    sender: str
    recipient: str
    body: str
    media_urls: tuple[str, ...] = ()
    opt_out: Keyword | None = None
    occurred: str = ""
    others: tuple[str, ...] = ()
    attachments: tuple[Mapping[str, Any], ...] = ()

    def at(self, number: str) -> InboundMessage:
        """Return the message as the owner of one of its recipients' numbers received it.

        Args:
            number: the owner's number; empty for a pool, one of whose numbers the carrier names as the recipient.
        """
        is_ours = not self.recipient or number in self.others
        return replace(self, recipient=number if is_ours else self.recipient, others=())


@contextmanager
def webhook_errors() -> Iterator[None]:
    """Convert the errors that a malformed webhook causes into :class:`ValidationFailed`."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise ValidationFailed(detail=f"The request is not a webhook of this carrier ({type(error).__name__}).") from error
