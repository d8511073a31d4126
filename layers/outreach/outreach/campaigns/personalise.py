"""From a contact to the text that it gets, or to the reason why it gets none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from outreach.campaigns.models import Wording
from outreach.contacts.fields import Schema
from outreach.contacts.models import Contact
from outreach.errors import ValidationFailed
from outreach.messages.recipient import recipient
from outreach.messages.status import SkipReason
from outreach.sending import segments, templates
from outreach.sending.segments import Encoding
from outreach.sites.models import ChannelAccount

TEMPLATE_ERROR = "template_error: the message can't be made from this contact's fields"


@dataclass(frozen=True)
class Draft:
    """What a contact will be sent; with a ``failed_reason``, what it would have been sent.

    ``time_zones`` is where the recipient may be, for a site with quiet hours.
    """

    contact_id: str
    number: str
    body: str
    segments: int
    encoding: Encoding = Encoding.GSM_7
    failed_reason: str = ""
    time_zones: tuple[str, ...] = ()


def draft(wording: Wording, account: ChannelAccount, schema: Schema, contact: Contact | None) -> Draft | SkipReason:
    """What ``contact`` gets from a campaign with that ``wording``; a contact that is gone by now gets nothing."""
    if contact is None or contact.merged_to:
        return SkipReason.NO_RECIPIENT
    to = recipient(contact)
    if to.skip or to.number is None:
        return to.skip or SkipReason.NO_RECIPIENT
    try:
        body = templates.render(wording.template, _fields(schema, contact))
    except ValidationFailed:
        # It parsed when the campaign was saved; what one contact's values make of it must not stop the others.
        return Draft(contact.id, to.number, wording.template, 0, failed_reason=TEMPLATE_ERROR)
    if wording.replaces_smart_quotes:
        body = segments.downgrade(body, account.carrier)
    taken = segments.count(body, account.carrier)
    return Draft(contact.id, to.number, body, taken.count, taken.encoding)


def _fields(schema: Schema, contact: Contact) -> dict[str, Any]:
    """The merge fields (contract, Campaigns, records, messages)."""
    return {
        "name": contact.name,
        "firstName": contact.first_name or "",
        "lastName": contact.last_name or "",
        "customFields": schema.named(contact.values),
    }
