"""Outbound Unichannel: send a single message while the client waits, by the same steps as a campaign's message."""

from __future__ import annotations

import math

from outreach import clock
from outreach.carriers import segments
from outreach.consent import opt_outs
from outreach.delivery.account_throttle import AccountThrottle
from outreach.delivery.send_attempt import attempt_send
from outreach.errors import OutreachError, Unavailable, ValidationFailed, checked
from outreach.messages import message_store
from outreach.messages.models import Kind, Message
from outreach.messages.recipient import single_recipient
from outreach.messages.status import MessageStatus, SkipReason
from outreach.observability import logger
from outreach.parameter_store import ParameterUnavailable
from outreach.sending import send_queue, single_send, text_limits
from outreach.sending.circuit_breaker import CircuitBreaker
from outreach.sending.send_queue import JobRecipient, SendJob
from outreach.sites import secrets, site_store
from outreach.sites.models import Carrier, ChannelAccount
from outreach.unichannel.schemas import OutboundMessageBody


def send(site_id: str, body: OutboundMessageBody, message_id: str) -> Message:
    """Send a message through its channel account, or through an account of the carrier that ``body`` names.

    A second call with the same ``message_id`` does not send the message again.

    Returns:
        The message after the carrier's first response: ``failed`` with the reason if the carrier refused it, or if the recipient
        has opted out.

    Raises:
        ValidationFailed: the account, the carrier, the number or the text is invalid; with pointers.
        TooManyRequests: the site's daily quota is used up (``quota_exceeded``).
        Unavailable: the operator has stopped the account (``sending_stopped``), and the message is not accepted. Or the carrier
            gave no definite response, or could not be asked because the account has no credentials. The message is kept then:
            the send queue sends it again or, if its outcome is unknown, reconciles it.
    """
    account, site = _account(site_id, body), site_store.get_site(site_id)
    if account.stop:
        raise Unavailable(
            "The operator has stopped sending. The message was not accepted; send it again later.", code="sending_stopped"
        )
    message = _draft(account, body, message_id, site.default_region)
    single_send.admit(site, account, message)
    try:
        _send_unless_opted_out(account, message)
        return _require_outcome(message_store.get(site_id, message.id))
    except OutreachError:
        raise
    except Exception as error:
        # The row exists, so the sweep queues the message. Another error would make the client send it a second time.
        logger().exception("a message is left to the send queue", message_id=message.id)
        raise _kept(message) from error


def _send_unless_opted_out(account: ChannelAccount, message: Message) -> None:
    now = clock.now().timestamp()
    if opt_outs.opted_out_among(account.site_id, [message.recipient]):
        message_store.fail_waiting(message, SkipReason.OPTED_OUT)
    elif retry_at := _send(account, message):
        send_queue.requeue(message, math.ceil(retry_at - now))


def _send(account: ChannelAccount, message: Message) -> float | None:
    """Send the message now; return the Unix time at which it must be queued, if it must."""
    breaker = CircuitBreaker(account)
    try:
        credentials = secrets.account_credentials(account.site_id, account.id)
    except secrets.MissingCredentials as error:
        return breaker.record_failure(str(error))
    except ParameterUnavailable:
        return clock.now().timestamp()  # the worker reads them again
    throttle = AccountThrottle(breaker)
    recipient = JobRecipient(message.id, message.recipient)
    # The throttle is read before the job gets its time: it defers jobs that were queued before the account slowed down.
    job = SendJob(account.site_id, account.id, None, (recipient,), queued=clock.now().timestamp())
    retry_at = attempt_send(breaker, throttle, credentials, job, recipient)
    throttle.settle()
    return retry_at


def _account(site_id: str, body: OutboundMessageBody) -> ChannelAccount:
    """Return the account that sends: the named one, or the first account of another carrier that the body names."""
    account = site_store.require_account(site_id, body.channel_account_id)
    if body.channel_carrier in (None, account.carrier):
        return account
    return _first_account(site_id, body.channel_carrier)


def _first_account(site_id: str, carrier: Carrier | None) -> ChannelAccount:
    for account in site_store.list_accounts(site_id):
        if account.carrier is carrier:
            return account
    raise ValidationFailed.at("/channelCarrier", "is not the carrier of any channel account of this site")


def _segments(account: ChannelAccount, body: OutboundMessageBody) -> segments.Segments:
    if body.attachments:  # an MMS, whose text is not sent in segments and may be missing
        return segments.count(body.message, account.carrier)
    return text_limits.require_sendable(body.message, account.carrier)


def _draft(account: ChannelAccount, body: OutboundMessageBody, message_id: str, region: str) -> Message:
    recipient, counted = checked(lambda: single_recipient(body.to, region), lambda: _segments(account, body))
    return Message(
        id=message_id,
        site_id=account.site_id,
        contact_id=body.contact_id or "",
        account_id=account.id,
        sender=account.sender,
        recipient=recipient,
        body=body.message,
        slot=clock.timestamp(clock.now()),
        segments=counted.count,
        kind=Kind.OUTBOUND,
        callback=body.callback_url is not None,
        callback_url=body.callback_url,
        media_urls=tuple(attachment.url for attachment in body.attachments),
        attachments=tuple(attachment.model_dump(exclude_none=True) for attachment in body.attachments),
    )


def _require_outcome(message: Message) -> Message:
    if message.status in (MessageStatus.QUEUED, MessageStatus.SENDING):
        raise _kept(message)
    return message


def _kept(message: Message) -> Unavailable:
    return Unavailable(
        f"The carrier has given no definite answer, or refuses the channel account. Message {message.id} is kept and delivery"
        " continues; do not send it again.",
        code="carrier_unavailable",
    )
