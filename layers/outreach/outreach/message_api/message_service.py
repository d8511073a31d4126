"""Single messages: send one, record one that was sent elsewhere, or change any message."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from outreach import clock, dynamo
from outreach.campaigns import message_context
from outreach.campaigns.campaign_records import CampaignRecord
from outreach.contacts import contact_store
from outreach.contacts.models import Contact
from outreach.errors import Conflict, ValidationFailed, checked
from outreach.message_api.schemas import MessageBody, MessageUpdateBody
from outreach.messages import message_store
from outreach.messages.auto_attach import AutoAttach
from outreach.messages.models import Claim, ClaimState, Message
from outreach.messages.recipient import recipient_of, single_recipient
from outreach.messages.status import MessageStatus
from outreach.sending import single_send, text_limits
from outreach.sites import site_store
from outreach.sites.models import ChannelAccount, Site
from outreach.ticketing import attach_queue

# Attributes that the carrier receives. They cannot be changed while a worker may be sending them.
_CARRIER_ATTRIBUTES = ("account_id", "contact_id", "sender", "recipient", "body")


def create(site_id: str, body: MessageBody, message_id: str) -> Message:
    """Send a message to a contact at once, or record one that was sent elsewhere if its status is beyond ``queued``.

    Returns:
        The new message, or the existing one if ``message_id`` was used before.

    Raises:
        ValidationFailed: the channel account, the contact, its number or the text is invalid; with pointers.
        TooManyRequests: the site's daily quota is used up (``quota_exceeded``).
    """
    account, site = site_store.require_account(site_id, body.channel_account_id), site_store.get_site(site_id)
    attributes = body.attributes() | {"id": message_id}
    attributes["callback_url"] = attributes.get("callback_url") or site.callback_url
    if attributes.pop("status", MessageStatus.QUEUED) is MessageStatus.QUEUED:
        return _send(site, account, attributes)
    return _record(account, attributes | {"status": body.status})


def update(site_id: str, message_id: str, body: MessageUpdateBody) -> tuple[Message, CampaignRecord | None]:
    """Change the properties that ``body`` names.

    Raises:
        NotFound: the site has no such message.
        ValidationFailed: the body has another id, or changes a property that the campaign determines; with pointers.
        Conflict: the status would move back, or a property that is about to be sent would change (``invalid_state``).
    """
    if body.id not in (None, message_id):
        raise ValidationFailed.at("/id", "must be the id in the path, or be left out")

    def attempt() -> tuple[Message, CampaignRecord | None]:
        before, record = message_context.get(site_id, message_id)
        after = _with_changes(before, record, body.attributes())
        if not message_store.change(before, after):
            raise dynamo.WriteConflict
        return after, record

    return dynamo.retry_on_conflict(attempt, error=Conflict("Other requests keep changing the message; try again later."))


def _send(site: Site, account: ChannelAccount, attributes: dict[str, Any]) -> Message:
    (contact, number), counted = checked(
        lambda: _contact_and_number(site, attributes["contact_id"], attributes.get("recipient")),
        lambda: text_limits.require_sendable(attributes["body"], account.carrier),
    )
    message = _new(
        account,
        attributes
        | {
            "contact_id": contact.id,
            "recipient": number,
            "segments": counted.count,
            "failed_reason": "",  # the message has not failed yet
            "slot": clock.timestamp(clock.now()),
            "sent_time": None,
        },
    )
    return single_send.send(site, account, message)


def _record(account: ChannelAccount, attributes: dict[str, Any]) -> Message:
    if "recipient" not in attributes:
        contact = contact_store.survivor(contact_store.find(account.site_id, attributes["contact_id"]))
        number = recipient_of(contact).number if contact else None
        if number is None:
            raise ValidationFailed.at("/to", "is required, because the contact has no phone number")
        attributes["recipient"] = number
    sent_time = attributes.get("sent_time") or clock.timestamp(clock.now())
    message = _new(account, attributes | {"slot": sent_time, "sent_time": sent_time, "claim": Claim(ClaimState.DONE)})
    if not message_store.create(message):
        message = message_store.get(message.site_id, message.id)
    if message.attach_when_sent and message.status.is_accepted:
        attach_queue.put([message])
    return message


def _new(account: ChannelAccount, attributes: dict[str, Any]) -> Message:
    defaults = {"sender": account.sender, "site_id": account.site_id}
    return _with_flags(Message(**defaults | attributes))


def _with_flags(message: Message) -> Message:
    """Return a single message with the flags that the stream's consumer reads."""
    attach_when_sent = AutoAttach.of(message, None).is_due_when_sent and message.ticket_id is None
    return replace(message, callback=message.callback_url is not None, attach_when_sent=attach_when_sent)


def _with_changes(before: Message, record: CampaignRecord | None, attributes: dict[str, Any]) -> Message:
    if "account_id" in attributes:
        site_store.require_account(before.site_id, attributes["account_id"])
    attributes = _without_campaign_attributes(before, record, attributes) if record else attributes
    if before.claim.state is not ClaimState.DONE and _changes_any(before, attributes, _CARRIER_ATTRIBUTES):
        message = "The message is about to be sent. Its channel account, contact, numbers and text cannot be changed now."
        raise Conflict(message, code="invalid_state")
    status = attributes.pop("status", before.status)
    after = replace(before, **attributes)
    if not record:
        after = _with_flags(replace(after, slot=attributes.get("sent_time", before.slot)))
    return after if status is before.status else _with_status(after, status)


def _changes_any(message: Message, attributes: dict[str, Any], names: Iterable[str]) -> bool:
    return any(attributes.get(name) not in (None, getattr(message, name)) for name in names)


def _with_status(message: Message, status: MessageStatus) -> Message:
    if status.rank <= message.status.rank:
        raise Conflict(
            f"The status cannot change from {message.status} to {status}: it only moves forward.", code="invalid_state"
        )
    is_done = status.rank >= MessageStatus.SENT.rank
    claim = replace(message.claim, state=ClaimState.DONE) if is_done else message.claim
    return replace(message, status=status, sequence=message.sequence + 1, claim=claim)


def _without_campaign_attributes(message: Message, record: CampaignRecord, attributes: dict[str, Any]) -> dict[str, Any]:
    """Remove the attributes that the campaign determines. Clients may send them, but with unchanged values only."""
    preference = AutoAttach.of(message, record.auto_attach)
    campaign_attributes = {
        "contact_id": ("contactId", message.contact_id),
        "account_id": ("channelAccountId", message.account_id),
        "campaign_id": ("campaignId", record.campaign_id),
        "campaign_sent_time": ("campaignSentTime", record.sent_time),
        "is_auto_attached": ("isMessageAutoAttachedToTicket", preference.is_requested),
        "preferred_ticket": ("preferredTicketToAutoAttach", preference.preferred_ticket),
        "attach_time": ("timeToAutoAttachToTicket", preference.time),
        "callback_url": ("callbackURL", record.callback_url),
    }
    for name, (property_, value) in campaign_attributes.items():
        if attributes.get(name, value) not in (None, value):
            raise ValidationFailed.at(
                f"/{property_}", "is determined by the campaign; leave it out, or send the value that it has"
            )
    return {name: value for name, value in attributes.items() if name not in campaign_attributes}


def _contact_and_number(site: Site, contact_id: str, to: str | None) -> tuple[Contact, str]:
    """Return the contact and the number to send to: ``to`` if the request has it, else the contact's."""
    if to:
        return checked(lambda: contact_store.require(site.id, contact_id), lambda: single_recipient(to, site.default_region))
    contact = contact_store.require(site.id, contact_id)
    number = recipient_of(contact).number
    if number is None:
        raise ValidationFailed.at("/to", "is required, because the contact has no phone number")
    return contact, single_recipient(number, site.default_region)
