"""Checks that a text is neither blank nor too long for the carrier (docs/api.md, "Campaigns")."""

from __future__ import annotations

from outreach import text
from outreach.carriers import registry, segments
from outreach.carriers.segments import Segments
from outreach.errors import ValidationFailed
from outreach.messages.models import MAX_TEXT_CHARACTERS
from outreach.messages.status import SkipReason
from outreach.sites.models import Carrier


def count_segments(body: str, carrier: Carrier) -> Segments | SkipReason:
    """Return the segments of a text, or the reason to skip it."""
    if text.is_blank(body):
        return SkipReason.BLANK_MESSAGE
    if len(body) > MAX_TEXT_CHARACTERS:
        return SkipReason.MESSAGE_TOO_LONG
    counted, limit = segments.count(body, carrier), registry.entry(carrier).max_segments
    return counted if limit is None or counted.count <= limit else SkipReason.MESSAGE_TOO_LONG


def require_sendable(body: str, carrier: Carrier) -> Segments:
    """Return the segments of a text.

    Raises:
        ValidationFailed: the text is blank, or longer than the carrier accepts; points at ``/message``.
    """
    counted = count_segments(body, carrier)
    if isinstance(counted, SkipReason):
        raise ValidationFailed.at("/message", _ADVICE[counted].format(limit=_limit(body, carrier)))
    return counted


def _limit(body: str, carrier: Carrier) -> str:
    if len(body) > MAX_TEXT_CHARACTERS:
        return f"{MAX_TEXT_CHARACTERS:,} characters"
    return f"the {registry.entry(carrier).max_segments} segments that the carrier sends as one message"


_ADVICE = {SkipReason.BLANK_MESSAGE: "must not be blank", SkipReason.MESSAGE_TOO_LONG: "must have at most {limit}"}
