"""Single messages: sending one, recording one that was sent elsewhere, and changing any message afterwards."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from outreach import clock
from outreach.campaigns import joined
from outreach.campaigns.records import Record
from outreach.contacts import store as contacts
from outreach.contacts.identities import e164, is_valid_number
from outreach.contacts.models import Contact
from outreach.correspondence.bodies import MessageBody, MessageUpdateBody
from outreach.errors import Conflict, NotFound, ValidationFailed
from outreach.messages import store
from outreach.messages.auto_attach import AutoAttach
from outreach.messages.models import Claim, ClaimState, Message
from outreach.messages.recipient import recipient
from outreach.messages.status import Status
from outreach.observability import logger
from outreach.sending import pacing, queue, segments, spending
from outreach.sites import store as sites
from outreach.sites.models import ChannelAccount, Site
from outreach.ticketing import queue as attaching

_ATTEMPTS = 5
# What the carrier is told; it can't be changed any more while a worker may be about to tell it.
_TOLD = ("account_id", "contact_id", "sender", "recipient", "body")


def create(site_id: str, body: MessageBody, message_id: str) -> Message:
    """Send a message to a contact at once, or, when it has a status beyond ``queued``, record one that was sent elsewhere.

    Created a second time under its id, it is as it stands.

    Raises:
        ValidationFailed: the channel account, the contact or its number is none; with pointers.
        TooManyRequests: the site's allowance for the day is used up (``quota_exceeded``).
    """
    account, site = _account(site_id, body.channel_account_id), sites.get_site(site_id)
    given = body.given() | {"id": message_id}
    given["callback_url"] = given.get("callback_url") or site.callback_url
    if given.pop("status", Status.QUEUED) is Status.QUEUED:
        return _send(site, account, given)
    return _record(account, given | {"status": body.status})


def update(site_id: str, message_id: str, body: MessageUpdateBody) -> tuple[Message, Record | None]:
    """Change what ``body`` names.

    Raises:
        NotFound: the site has no such message.
        ValidationFailed: the body's id is another one, or it changes what a campaign determines; with pointers.
        Conflict: the status would go back, or what would change is about to be sent (``invalid_state``).
    """
    if body.id not in (None, message_id):
        raise ValidationFailed.at("/id", "must be the id in the path, or be left out")
    for _ in range(_ATTEMPTS):
        before, record = joined.get(site_id, message_id)
        after = _changed(before, record, body.given())
        if store.change(before, after):
            return after, record
    raise Conflict("The message is being changed by others; try again.")


def _send(site: Site, account: ChannelAccount, given: dict[str, Any]) -> Message:
    contact = contacts.survivor(contacts.find(site.id, given["contact_id"]))
    if contact is None:
        raise ValidationFailed.at("/contactId", "is no contact of this site")
    now = clock.now()
    message = _new(
        account,
        given
        | {
            "contact_id": contact.id,
            "recipient": _number(site, contact, given.get("recipient")),
            "segments": segments.count(given["body"], account.carrier).count,
            "slot": clock.timestamp(now),
            "sent_time": None,
        },
    )
    spending.take_one(site, message.segments)
    # It doesn't wait for its turn, but whatever is released after it does.
    pacing.reserve(account, [message.segments], now=now.timestamp(), horizon=math.inf)
    if store.create_many([message]):
        spending.give_back(site.id, message.segments, site.daily_segments)
        message = store.get(site.id, message.id)
    try:
        queue.enqueue([message], [now.timestamp()])
    except Exception:
        # The row exists, so the sweep sends it; an error would make the caller send a second time.
        logger().exception("a message could not be queued", message_id=message.id)
    return message


def _record(account: ChannelAccount, given: dict[str, Any]) -> Message:
    if "recipient" not in given:
        contact = contacts.survivor(contacts.find(account.site_id, given["contact_id"]))
        number = recipient(contact).number if contact else None
        if number is None:
            raise ValidationFailed.at("/to", "is required where the contact has no number")
        given["recipient"] = number
    sent_time = given.get("sent_time") or clock.timestamp(clock.now())
    message = _new(account, given | {"slot": sent_time, "sent_time": sent_time, "claim": Claim(ClaimState.DONE)})
    if store.create_many([message]):
        message = store.get(message.site_id, message.id)
    if message.attach_when_sent and message.status.is_accepted:
        attaching.put([message])
    return message


def _new(account: ChannelAccount, attributes: dict[str, Any]) -> Message:
    defaults = {"sender": account.number, "site_id": account.site_id}
    return _with_flags(Message(**defaults | attributes))


def _with_flags(message: Message) -> Message:
    """A single message with what the follower of the rows has to know of it."""
    wants_ticket = AutoAttach.of(message, None).when_sent and message.ticket_id is None
    return replace(message, callback=message.callback_url is not None, attach_when_sent=wants_ticket)


def _changed(before: Message, record: Record | None, given: dict[str, Any]) -> Message:
    if "account_id" in given:
        _account(before.site_id, given["account_id"])
    given = _without_campaigns(before, record, given) if record else given
    if before.claim.state is not ClaimState.DONE and any(given.get(name) not in (None, getattr(before, name)) for name in _TOLD):
        raise Conflict("The message is about to be sent; only what the carrier isn't told can be changed.", code="invalid_state")
    status = given.pop("status", before.status)
    after = replace(before, **given)
    if not record:
        after = _with_flags(replace(after, slot=given.get("sent_time", before.slot)))
    return after if status is before.status else _moved(after, status)


def _moved(message: Message, status: Status) -> Message:
    if status.rank <= message.status.rank:
        raise Conflict(f"A message that is {message.status} can't become {status}.", code="invalid_state")
    is_done = status.rank >= Status.SENT.rank
    claim = replace(message.claim, state=ClaimState.DONE) if is_done else message.claim
    return replace(message, status=status, sequence=message.sequence + 1, claim=claim)


def _without_campaigns(message: Message, record: Record, given: dict[str, Any]) -> dict[str, Any]:
    """``given`` without what the campaign determines, which clients send back as they got it."""
    wish = AutoAttach.of(message, record.campaign if record else None)
    determined = {
        "contact_id": ("contactId", message.contact_id),
        "account_id": ("channelAccountId", message.account_id),
        "campaign_id": ("campaignId", record.campaign_id),
        "campaign_sent_time": ("campaignSentTime", record.sent_time),
        "is_auto_attached": ("isMessageAutoAttachedToTicket", wish.is_wanted),
        "preferred_ticket": ("preferredTicketToAutoAttach", wish.preferred_ticket),
        "attach_time": ("timeToAutoAttachToTicket", wish.time),
        "callback_url": ("callbackURL", record.callback_url),
    }
    for name, (property_, value) in determined.items():
        if given.get(name, value) not in (None, value):
            raise ValidationFailed.at(f"/{property_}", "is determined by the campaign")
    return {name: value for name, value in given.items() if name not in determined}


def _account(site_id: str, account_id: str) -> ChannelAccount:
    try:
        return sites.get_account(site_id, account_id)
    except NotFound as error:
        raise ValidationFailed.at("/channelAccountId", "is no channel account of this site") from error


def _number(site: Site, contact: Contact, given: str | None) -> str:
    """Where a message goes: to the number that was given, else to the contact's."""
    number = e164(given, site.default_region) if given else recipient(contact).number
    if number is None or not is_valid_number(number):
        raise ValidationFailed.at("/to", "is no phone number" if given else "is required: the contact has no phone number")
    return number
