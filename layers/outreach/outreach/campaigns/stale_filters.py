"""Describes filters that no longer fit the fields of their site: these were deleted or changed after the campaign was saved."""

from __future__ import annotations

from outreach.errors import ValidationFailed


def describe(error: ValidationFailed) -> str:
    """Say what is wrong with the filter of a saved campaign, and what to do. No pointer: the filter is not in the request."""
    return f"The campaign's filter no longer fits the fields of this site: {_problems(error)}. Change the filter or the fields."


def describe_snapshot(error: ValidationFailed) -> str:
    """Say what is wrong with the filter of a send, which stays as it was at its start, and what to do."""
    return (
        f"the filter no longer fits the fields of this site: {_problems(error)}; make the fields as they were and resume,"
        " or cancel the send, change the campaign and send it again"
    )


def _problems(error: ValidationFailed) -> str:
    return "; ".join(f"{entry.pointer.replace('/filter', 'contactFilter', 1)} {entry.message}" for entry in error.errors)
