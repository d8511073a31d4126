"""Rate limits: how fast a site may make expensive requests, by kind of action.

The generic cell rate algorithm (ITU-T Recommendation I.371, Annex A) stores one number per site and action: the theoretical
arrival time (``tat``), at which the site may use its whole burst again. Counting a request is one conditional write, or two while
the burst is partly used, and needs no read.

``<site>#RATE#<action>`` in the requests table: ``tat`` (Unix time in milliseconds).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from outreach import clock, dynamo
from outreach.dynamo import Update
from outreach.errors import TooManyRequests
from outreach.settings import settings

_RATE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,3})?)/([1-9][0-9]{0,5})")
_EXPIRES_AFTER_SECONDS = 3600


@dataclass(frozen=True)
class Rate:
    """A rate limit: ``per_second`` on average, and ``burst`` at once."""

    per_second: float
    burst: int

    @classmethod
    def parse(cls, text: str) -> Rate:
        """Read ``PER_SECOND/BURST``, such as ``0.5/20``.

        Raises:
            ValueError: the text has another form, or the rate is 0.
        """
        match = _RATE.fullmatch(text)
        if not match or not float(match[1]):
            raise ValueError("must have the form PER_SECOND/BURST, such as 0.5/20")
        return cls(float(match[1]), int(match[2]))


# The default limits: well above normal use, well below what affects other sites.
DEFAULT_RATES: Mapping[str, Rate] = {
    "send": Rate(1, 60),  # campaigns
    "message": Rate(50, 500),  # single messages
    "unichannel": Rate(50, 500),
    "import": Rate(0.5, 100),
    "export": Rate(0.5, 100),
    "list": Rate(2, 100),  # whole lists: pageSize=0
    "search": Rate(5, 200),  # lists that read all contacts or messages of the site
    "preview": Rate(0.5, 60),  # forecasts of campaigns
}


def enforce(site_id: str, action: str, rate: Rate) -> None:
    """Count a request against a site's rate limit.

    Raises:
        TooManyRequests: the limit is reached; carries the seconds until the next request is allowed.
    """
    now, interval = round(clock.now().timestamp() * 1000), max(1, round(1000 / rate.per_second))
    latest = now + interval * (rate.burst - 1)
    expires = latest // 1000 + _EXPIRES_AFTER_SECONDS
    tat = latest
    for change, values, condition in (
        (Update().set("tat", now + interval), {":now": now}, "attribute_not_exists(tat) OR tat < :now"),
        (Update().add("tat", interval), {":latest": latest}, "tat <= :latest"),
    ):
        try:
            _write(site_id, action, change.set("expires", expires), values, condition)
        except dynamo.ConditionFailed as refusal:
            tat = refusal.item.get("tat", tat)
        else:
            return
    message = "The site has reached its rate limit for this request. Try again after the time in Retry-After."
    raise TooManyRequests(message, retry_after=max(1, math.ceil((tat - latest) / 1000)))


def _write(site_id: str, action: str, change: Update, values: Mapping[str, Any], condition: str) -> None:
    dynamo.update(settings().requests_table, {"pk": f"{site_id}#RATE#{action}"}, change, values, condition=condition)
