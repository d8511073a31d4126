"""Attribution: which campaign message a reply answers (docs/api.md, "Replies").

It is the newest campaign message to the reply's number from its channel account, at most 30 days old. It is looked up once, when
the reply is stored, among the messages of the contact that has the number then. The reply's row stores the result. An index by
number would cost a write for each message.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from outreach import clock
from outreach.campaigns.message_context import records_of
from outreach.contacts.models import Contact
from outreach.messages import message_index, message_store
from outreach.messages.models import ClaimState, Kind, Message
from outreach.sending.circuit_breaker import MAX_WAIT_SECONDS

_MAX_AGE = timedelta(days=30)
# A message waits at most this long for its account, so it is sent at most this long after its slot.
_MAX_WAIT = timedelta(seconds=MAX_WAIT_SECONDS)
# A message may be sent a moment before its slot, and its reply may arrive before the carrier's response. So the time of the
# message may be later than that of its reply, by at most this.
_LATE_TIME = timedelta(minutes=1)


def attribute(reply: Message, contact: Contact) -> Message:
    """Return a reply with ``record_id`` and ``campaign_id`` of the campaign message that it answers, unchanged if there is none.

    Args:
        contact: the contact that has the reply's number.
    """
    contact_ids = [contact.id, *contact.merged_ids]
    answered = find_answered(reply.site_id, contact_ids, reply.account_id, reply.sender, reply.slot)
    records = records_of(reply.site_id, [answered] if answered else []).values()
    return next((replace(reply, record_id=record.id, campaign_id=record.campaign_id) for record in records), reply)


def find_answered(site_id: str, contact_ids: Iterable[str], account_id: str, number: str, received: str) -> Message | None:
    """Return the campaign message that a reply answers, or ``None``.

    Args:
        contact_ids: those of the reply's contact, with those of the contacts merged into it.
        account_id: the channel account that received the reply.
        number: the reply's sender, in E.164.
        received: when the reply arrived, as :mod:`outreach.clock` formats it. It does not answer a message that was sent later.
    """
    arrival = clock.from_timestamp(received)
    first_slot, oldest, newest = (clock.timestamp(arrival + step) for step in (-_MAX_AGE - _MAX_WAIT, -_MAX_AGE, _LATE_TIME))
    ids = [
        message_id
        for contact_id in contact_ids
        for message_id in message_index.ids_of_contact(site_id, contact_id, since=first_slot)
    ]
    answered = (
        message
        for message in message_store.get_many(site_id, ids, consistent=True, texts=False).values()
        if _may_be_answered(message)
        and (message.account_id, message.recipient) == (account_id, number)
        and oldest <= _time(message) <= newest
    )
    return max(answered, key=lambda message: (_time(message), message.id), default=None)


def _may_be_answered(message: Message) -> bool:
    """Return whether a campaign message may have reached its recipient. The reply may arrive before the carrier's response."""
    is_at_carrier = message.sent_time is not None or message.claim.state in (ClaimState.CALLING, ClaimState.UNKNOWN)
    return message.kind is Kind.OUTREACH and message.record_id is not None and is_at_carrier


def _time(message: Message) -> str:
    return message.sent_time or message.slot
