"""Detects merge fields that were deleted or renamed after the campaign was saved: the text would have a gap for everybody."""

from __future__ import annotations

from outreach import text
from outreach.contacts.fields import SiteFields
from outreach.errors import ValidationFailed
from outreach.sending import merge_fields

# What people must know before they resume: without the values, Is Not is true for everybody, and every text has a gap.
HOW_TO_RESUME = (
    "make the fields as they were and resume: rename a renamed field back;"
    " a field that is created again has no values, so import them before you resume"
)


def describe(template: str, site_fields: SiteFields) -> str | None:
    """Say which names in a campaign's template are not merge fields of the site, and what to do; ``None`` if there are none."""
    problem = _describe(template, site_fields)
    return problem and f"{problem}; make the field as it was, or change the message"


def describe_snapshot(template: str, site_fields: SiteFields) -> str | None:
    """Say the same about the template of a send, which stays as it was at its start."""
    problem = _describe(template, site_fields)
    return problem and f"{problem}; {HOW_TO_RESUME}; or cancel the send"


def _describe(template: str, site_fields: SiteFields) -> str | None:
    """Say which names are not merge fields. A template that is invalid for another reason fails for each contact by itself."""
    try:
        names = merge_fields.unknown_names(template, site_fields)
    except ValidationFailed:
        return None
    if not names:
        return None
    return f"the message contains {text.listed(names)}, which is no longer a field of this site"
