"""Outbound Unichannel: one message, sent while the client waits, by the same steps as a campaign's."""

from __future__ import annotations

import math

from outreach import clock
from outreach.contacts import optouts
from outreach.contacts.identities import e164, is_valid_number
from outreach.delivery.attempt import attempt
from outreach.errors import NotFound, Unavailable, ValidationFailed
from outreach.messages import store as messages
from outreach.messages.models import Kind, Message
from outreach.messages.status import SkipReason, Status
from outreach.sending import pacing, queue, segments, spending
from outreach.sending.accounts import Gate
from outreach.sending.queue import Due, Recipient
from outreach.sites import secrets
from outreach.sites import store as sites
from outreach.sites.models import Carrier, ChannelAccount
from outreach.unichannel.bodies import OutboundMessageBody


def send(site_id: str, body: OutboundMessageBody, message_id: str) -> Message:
    """Send a message through its channel account's carrier, or the one that ``body`` names. Sent a second time under its id, it
    is the same one.

    Returns:
        The message after the carrier's first answer: ``failed`` with the reason when the carrier, or the recipient's opt-out,
        refuses it.

    Raises:
        ValidationFailed: the account, the carrier, the number or the text is impossible; with pointers.
        TooManyRequests: the site's allowance for the day is used up (``quota_exceeded``).
        Unavailable: the carrier gave no definite answer. The message is kept, and goes on by the send queue or, where nobody
            knows whether the carrier has it, by the looks for lost answers.
    """
    account, site = _account(site_id, body), sites.get_site(site_id)
    message = _draft(account, body, message_id, site.default_region)
    credentials = secrets.account_credentials(site_id, account.id)
    spending.take_one(site, message.segments)
    now = clock.now().timestamp()
    pacing.reserve(account, [message.segments], now=now, horizon=math.inf)
    if messages.create_many([message]):
        spending.give_back(site_id, message.segments, site.daily_segments)
    if optouts.opted_out(site_id, [message.recipient]):
        messages.give_up(message, SkipReason.OPTED_OUT)
    else:
        recipient = Recipient(message.id, message.recipient)
        due = Due(site_id, account.id, None, (recipient,))
        if again_at := attempt(Gate(account), credentials, due, recipient):
            queue.again(due, recipient, math.ceil(again_at - now))
    return _answered(messages.get(site_id, message.id))


def _account(site_id: str, body: OutboundMessageBody) -> ChannelAccount:
    """The account that sends (contract, Outbound Unichannel: a carrier other than the account's own)."""
    try:
        account = sites.get_account(site_id, body.channel_account_id)
    except NotFound as error:
        raise ValidationFailed.at("/channelAccountId", "is no channel account of this site") from error
    if body.channel_carrier in (None, account.carrier):
        return account
    return _first_account(site_id, body.channel_carrier)


def _first_account(site_id: str, carrier: Carrier | None) -> ChannelAccount:
    found = next((account for account in sites.list_accounts(site_id) if account.carrier is carrier), None)
    if found is None:
        raise ValidationFailed.at("/channelCarrier", "the site has no channel account of this carrier")
    return found


def _draft(account: ChannelAccount, body: OutboundMessageBody, message_id: str, region: str) -> Message:
    if not body.message and not body.attachments:
        raise ValidationFailed.at("/message", "must not be empty when there are no attachments")
    return Message(
        id=message_id,
        site_id=account.site_id,
        contact_id=body.contact_id or "",
        account_id=account.id,
        sender=account.number,
        recipient=_number(body.to, region),
        body=body.message,
        slot=clock.timestamp(clock.now()),
        segments=segments.count(body.message, account.carrier).count,
        kind=Kind.OUTBOUND,
        callback=body.callback_url is not None,
        callback_url=body.callback_url,
        media_urls=tuple(attachment.url for attachment in body.attachments),
        attachments=tuple(attachment.model_dump(exclude_none=True) for attachment in body.attachments),
    )


def _number(given: str, region: str) -> str:
    number = e164(given, region)
    if number is None or not is_valid_number(number):
        raise ValidationFailed.at("/to", "must be a valid phone number")
    return number


def _answered(message: Message) -> Message:
    if message.status in (Status.QUEUED, Status.SENDING):
        raise Unavailable(
            f"The carrier gave no answer yet. The message is kept as {message.id} and goes on by itself; don't send it again.",
            code="carrier_unavailable",
        )
    return message
