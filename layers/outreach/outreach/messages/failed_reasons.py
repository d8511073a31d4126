"""Why a message failed: ``<code>: <text>``, where the code is the carrier's or one of ours.

The text may come from the carrier and contain a phone number, so only codes are counted and logged.
"""

from __future__ import annotations

import re

EXPIRED = "expired: the channel account could not send for a week"
OUTCOME_UNKNOWN = "outcome_unknown: the carrier did not confirm whether it accepted the message"
TEMPLATE_ERROR = "template_error: the message cannot be rendered with this contact's fields"
TEXT_MISSING = "text_missing: the stored text of the message no longer exists"
UNEXPECTED_ERROR = "unexpected_error: the message cannot be prepared for this contact"

# The code of a reason that has none.
OTHER = "other"

# A carrier's number, one of our codes, or an HTTP status; alone, or before the text.
_CODE = re.compile(r"([0-9]{1,10}|[a-z][a-z_]{0,39}|HTTP [0-9]{3})(?=: |$)")
_TEXTS = dict(reason.split(": ", 1) for reason in (EXPIRED, OUTCOME_UNKNOWN, TEMPLATE_ERROR, TEXT_MISSING, UNEXPECTED_ERROR))
# The reason of a message has a text of its own (:meth:`outreach.repeated_failures.Failures.describe`).
_TEXTS["no_progress"] = "sending the message kept failing"


def code_of(failed_reason: str) -> str:
    """Return the code of a reason, or :data:`OTHER`."""
    match = _CODE.match(failed_reason)
    return match[1] if match else OTHER


def text_of(code: str) -> str | None:
    """Return the text of one of our codes; ``None`` for a code of a carrier."""
    return _TEXTS.get(code)
