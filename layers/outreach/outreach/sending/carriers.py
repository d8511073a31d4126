"""The carriers behind one door: each is a module with the same functions, chosen by a table."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

from outreach.messages.models import Message
from outreach.sending import telnyx, twilio
from outreach.sending.outcomes import Outcome, Text
from outreach.settings import settings
from outreach.sites.models import Carrier, ChannelAccount

_CLIENTS: dict[Carrier, ModuleType] = {Carrier.TWILIO: twilio, Carrier.TELNYX: telnyx}
# Path segments of the webhooks; as short as the carriers' own names.
_PATHS = {Carrier.TWILIO: "twilio", Carrier.TELNYX: "telnyx"}


def send(account: ChannelAccount, credentials: Mapping[str, str], message: Message) -> Outcome:
    """Ask the account's carrier, once, to send a message; asked again, the request is the same to the letter."""
    client = _CLIENTS[account.carrier]
    text = Text(message.id, message.sender, message.recipient, message.body, status_url(account, message.id), message.media_urls)
    return client.send(account, credentials, text, base_url=base_url(account.carrier))  # type: ignore[no-any-return]


def status_url(account: ChannelAccount, message_id: str) -> str:
    """Where the carrier reports what became of a message; its key is in the path, so that no index by carrier id is needed."""
    return f"{settings().webhook_base_url}/webhooks/{_PATHS[account.carrier]}/{account.id}/messages/{message_id}"


def base_url(carrier: Carrier) -> str:
    """Where the carrier's API is."""
    return {Carrier.TWILIO: settings().twilio_base_url, Carrier.TELNYX: settings().telnyx_base_url}[carrier]
