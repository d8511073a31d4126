"""Detects fields that were deleted or renamed after the campaign was saved.

Without a merge field, the text would have a gap for everybody. Without a field of the filter, the audience is unknown.
"""

from __future__ import annotations

from outreach.contacts.fields import SiteFields
from outreach.errors import ValidationFailed
from outreach.sending import merge_fields

# In a record's status reason, and as the code of a preview's warning.
CODE = "missing_field"


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


def describe_filter(error: ValidationFailed) -> str:
    """Say what is wrong with the filter of a saved campaign, and what to do. No pointer: the filter is not in the request."""
    problems = "; ".join(f"{entry.pointer.replace('/filter', 'contactFilter', 1)} {entry.message}" for entry in error.errors)
    return f"The campaign's filter no longer fits the fields of this site: {problems}. Change the filter or the fields."
