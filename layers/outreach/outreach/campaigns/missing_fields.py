"""Detects merge fields that were deleted or renamed after the campaign was saved: the text would have a gap for everybody."""

from __future__ import annotations

from outreach.contacts.fields import SiteFields
from outreach.errors import ValidationFailed
from outreach.sending import merge_fields


def describe(template: str, site_fields: SiteFields) -> str | None:
    """Say which names in a template are not merge fields of the site, and what to do; ``None`` if there are none.

    A template that is invalid for another reason fails for each contact by itself.
    """
    try:
        names = merge_fields.unknown_names(template, site_fields)
    except ValidationFailed:
        return None
    if not names:
        return None
    listed = ", ".join(names)
    return (
        f"the message contains {listed}, which is no longer a field of this site; create the field again, or change the message"
    )
