"""Tests of a campaign: its text, rendered for one contact, sent to one number as a single message."""

from __future__ import annotations

import time

from outreach import clock
from outreach.campaigns import campaign_store, missing_fields, preview
from outreach.campaigns.models import Campaign
from outreach.campaigns.release import rendering
from outreach.campaigns.release.rendering import RenderedMessage
from outreach.campaigns.schemas import CampaignTestBody
from outreach.consent import opt_outs
from outreach.contacts import contact_store, field_store
from outreach.contacts.fields import SiteFields
from outreach.contacts.models import Contact
from outreach.errors import Conflict, ValidationFailed, checked
from outreach.http.limits import DeadlineExceeded
from outreach.http.polling import WAIT_SECONDS
from outreach.messages import message_store
from outreach.messages.models import Message
from outreach.messages.recipient import single_recipient
from outreach.messages.status import SkipReason
from outreach.sending import single_send
from outreach.sites import site_store
from outreach.sites.models import ChannelAccount, Site


def send(site_id: str, campaign_id: str, body: CampaignTestBody, message_id: str) -> Message:
    """Send a test of a campaign. It belongs to no record, and does not count against the contact's frequency cap.

    A second call with the same ``message_id`` does not send the message again.

    Returns:
        The message: ``failed`` if the number has opted out, or if the text cannot be rendered, as in a send.

    Raises:
        NotFound: the site has no such campaign.
        ValidationFailed: the number or the contact cannot be used; with pointers.
        Conflict: the message takes more segments than a send of the campaign may (``budget_exceeded``), or names a field that the
            site no longer has (``missing_field``).
        TooManyRequests: the site's daily quota is used up (``quota_exceeded``).
    """
    campaign, site = campaign_store.get(site_id, campaign_id), site_store.get_site(site_id)
    account = site_store.get_account(site_id, campaign.channel_account_id)
    number, contact = checked(
        lambda: single_recipient(body.to, site.default_region),
        lambda: contact_store.require(site_id, body.contact_id) if body.contact_id else None,
    )
    site_fields = field_store.load(site_id)
    if missing := missing_fields.describe(campaign.message, site_fields):
        raise Conflict(f"The text cannot be sent: {missing}.", code="missing_field")
    rendered = _render(campaign, account, site_fields, contact or _first_of_audience(campaign, site_fields), number)
    message = _message(campaign, site, account, rendered, message_id)
    is_opted_out = bool(opt_outs.opted_out_among(site_id, [number]))
    failed_reason = SkipReason.OPTED_OUT if is_opted_out else rendered.failed_reason
    if not failed_reason:
        return single_send.send(site, account, message)
    single_send.admit(site, account, message)
    message_store.fail_waiting(message, failed_reason)
    return message_store.get(site_id, message_id)


def _first_of_audience(campaign: Campaign, site_fields: SiteFields) -> Contact:
    try:
        first = next(preview.matching_ids(campaign, site_fields, time.monotonic() + WAIT_SECONDS), None)
    except DeadlineExceeded:
        raise ValidationFailed.at(
            "/contactId", "is required, because the search for a contact that matches the filter took too long"
        ) from None
    if first is None:
        raise ValidationFailed.at("/contactId", "is required, because no contact matches the campaign's filter")
    return contact_store.require(campaign.site_id, first)


def _render(
    campaign: Campaign, account: ChannelAccount, site_fields: SiteFields, contact: Contact, number: str
) -> RenderedMessage:
    rendered = rendering.render_to(number, campaign.message_template, account, site_fields, contact)
    if isinstance(rendered, SkipReason):
        raise ValidationFailed.at(
            "/contactId", f"must name a contact that a send would not skip; it would skip {contact.id} ({rendered})"
        )
    if campaign.max_segments is not None and rendered.segments > campaign.max_segments:
        raise Conflict(
            f"The message takes {rendered.segments} segments, but maxSegments of the campaign is {campaign.max_segments}."
            " Shorten the text, or raise maxSegments.",
            code="budget_exceeded",
        )
    return rendered


def _message(campaign: Campaign, site: Site, account: ChannelAccount, rendered: RenderedMessage, message_id: str) -> Message:
    callback_url = campaign.callback_url or site.callback_url
    return Message(
        id=message_id,
        site_id=site.id,
        contact_id=rendered.contact_id,
        account_id=account.id,
        sender=account.sender,
        recipient=rendered.number,
        body=rendered.body,
        slot=clock.timestamp(clock.now()),
        segments=rendered.segments,
        callback=callback_url is not None,
        callback_url=callback_url,
        is_test=True,
    )
