"""Renders the message of a campaign for one contact."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from outreach.campaigns.models import MessageTemplate
from outreach.carriers import segments
from outreach.carriers.segments import Encoding
from outreach.contacts.fields import SiteFields
from outreach.contacts.models import Contact
from outreach.errors import ValidationFailed
from outreach.messages.failed_reasons import TEMPLATE_ERROR
from outreach.messages.recipient import recipient_of
from outreach.messages.status import SkipReason
from outreach.sending import templates, text_limits
from outreach.sending.merge_fields import MergeFields
from outreach.sites.models import Carrier, ChannelAccount


@dataclass(frozen=True)
class RenderedMessage:
    """The message for a contact.

    Attributes:
        failed_reason: why the message cannot be sent, or empty.
        time_zones: the zones that the recipient may be in, for a site with quiet hours.
    """

    contact_id: str
    number: str
    body: str
    segments: int
    encoding: Encoding = Encoding.GSM_7
    failed_reason: str = ""
    time_zones: tuple[str, ...] = ()


def render(
    template: MessageTemplate,
    account: ChannelAccount,
    site_fields: SiteFields,
    opted_out: Container[str],
    contact: Contact | None,
) -> RenderedMessage | SkipReason:
    """Return the message for ``contact``, or why the contact is skipped. Deleted and merged contacts are skipped.

    Args:
        opted_out: the numbers that must not be texted, whatever the text is.
    """
    if contact is None or contact.merged_to:
        return SkipReason.NO_RECIPIENT
    recipient = recipient_of(contact)
    if recipient.skip or recipient.number is None:
        return recipient.skip or SkipReason.NO_RECIPIENT
    if recipient.number in opted_out:
        return SkipReason.OPTED_OUT
    return render_to(recipient.number, template, account, site_fields, contact)


def render_to(
    number: str, template: MessageTemplate, account: ChannelAccount, site_fields: SiteFields, contact: Contact
) -> RenderedMessage | SkipReason:
    """Return the message to ``number`` with the fields of ``contact``, or why its text cannot be sent."""
    try:
        text = templates.render(template.template, MergeFields(site_fields, contact))
    except ValidationFailed:
        # The template was valid when the campaign was saved; one contact's values must not stop the other messages.
        return RenderedMessage(contact.id, number, template.template, 0, failed_reason=TEMPLATE_ERROR)
    body = as_sent(template, text, account.carrier)
    counted = text_limits.count_segments(body, account.carrier)
    if isinstance(counted, SkipReason):
        return counted
    return RenderedMessage(contact.id, number, body, counted.count, counted.encoding)


def as_sent(template: MessageTemplate, text: str, carrier: Carrier) -> str:
    """Return the text that the template renders to, as it is sent."""
    return segments.downgrade(text, carrier) if template.replaces_smart_quotes else text
