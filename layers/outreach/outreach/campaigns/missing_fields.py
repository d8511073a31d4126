"""Detects merge fields that were deleted or renamed after the campaign was saved: the text would have a gap for everybody."""

from __future__ import annotations

from outreach import text
from outreach.contacts.fields import SiteFields
from outreach.errors import ValidationFailed
from outreach.sending import merge_fields


def describe(template: str, site_fields: SiteFields) -> str | None:
    """Say what :func:`find` finds in a campaign's template, and what to do; ``None`` if it finds nothing."""
    problem = find(template, site_fields)
    return problem and f"{problem}; make the field as it was, or change the message"


def find(template: str, site_fields: SiteFields) -> str | None:
    """Say which names in a template are not merge fields of the site; ``None`` if there are none.

    A template that is invalid for another reason fails for each contact by itself.
    """
    try:
        names = merge_fields.unknown_names(template, site_fields)
    except ValidationFailed:
        return None
    if not names:
        return None
    return f"the message contains {text.listed(names)}, which is no longer a field of this site"
