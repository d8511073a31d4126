"""Describes filters that no longer fit the fields of their site: these were deleted or changed after the campaign was saved.

The texts name conditions, not pointers: the filter is not in the request, and people read the texts in the console.
"""

from __future__ import annotations

import re

from outreach.contacts.filters.conditions import ADVICE_ON_FIELDS
from outreach.contacts.filters.models import Filter
from outreach.errors import FieldError, ValidationFailed

# The first problems are enough to find the others: many conditions often have the same deleted field.
_MAX_PROBLEMS = 3
_PLACE = re.compile(r"/filterConditions/(\d+)/(\w+)")


def describe(error: ValidationFailed, contact_filter: Filter) -> str:
    """Say what is wrong with the filter of a saved campaign, and what to do."""
    return f"The campaign's {problem(error, contact_filter)}. Change the filter or the fields."


def problem(error: ValidationFailed, contact_filter: Filter) -> str:
    """Say what is wrong with a filter."""
    shown = [_condition_problem(entry, contact_filter) for entry in error.errors[:_MAX_PROBLEMS]]
    more = ["and more"] if len(error.errors) > _MAX_PROBLEMS else []
    return f"filter no longer fits the fields of this site: {'; '.join([*shown, *more])}"


def _condition_problem(entry: FieldError, contact_filter: Filter) -> str:
    message = entry.message.removesuffix(ADVICE_ON_FIELDS)
    place = _PLACE.fullmatch(entry.pointer)
    if not place:
        return f"{entry.pointer.removeprefix('/')} {message}"
    index = int(place[1])
    return f"condition {index + 1} ({contact_filter.conditions[index].field_name}): {place[2]} {message}"
