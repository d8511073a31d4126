"""How fast a site may ask for what is expensive: a bucket of tokens for each site and kind of action.

The generic cell rate algorithm (ITU-T Recommendation I.371, Annex A) keeps one number a bucket, the moment at which it will be
full again: so taking a token is one conditional write, or two while the bucket isn't full, and nothing is read before.

``<site>#RATE#<action>`` in the requests table: ``full_at`` (Unix time, milliseconds).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from outreach import clock, dynamo
from outreach.errors import TooManyRequests
from outreach.settings import settings

_TEXT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,3})?)/([1-9][0-9]{0,5})")
_FORGOTTEN_AFTER_SECONDS = 3600


@dataclass(frozen=True)
class Rate:
    """``per_second`` in the long run, ``burst`` at once after a rest."""

    per_second: float
    burst: int

    @classmethod
    def parse(cls, text: str) -> Rate:
        """``PER_SECOND/BURST``, such as ``0.5/20``.

        Raises:
            ValueError: it has another form, or is nothing at all.
        """
        found = _TEXT.fullmatch(text)
        if not found or not float(found[1]):
            raise ValueError("has the form PER_SECOND/BURST, such as 0.5/20")
        return cls(float(found[1]), int(found[2]))


# What a site may do unless it is told otherwise: far above what people and sound clients do, far below what harms others.
RATES: Mapping[str, Rate] = {
    "send": Rate(1, 60),  # campaigns
    "message": Rate(50, 500),  # single messages
    "unichannel": Rate(50, 500),
    "import": Rate(0.5, 100),
    "export": Rate(0.5, 100),
    "list": Rate(2, 100),  # whole lists: pageSize=0
}


def take(site_id: str, action: str, rate: Rate) -> None:
    """Take a token.

    Raises:
        TooManyRequests: there is none; carries the seconds until there is one.
    """
    now, interval = round(clock.now().timestamp() * 1000), max(1, round(1000 / rate.per_second))
    latest = now + interval * (rate.burst - 1)
    full_at = latest
    for expression, values, condition in (
        (":next", {":next": now + interval, ":now": now}, "attribute_not_exists(full_at) OR full_at < :now"),
        ("full_at + :interval", {":interval": interval, ":latest": latest}, "full_at <= :latest"),
    ):
        try:
            _set(site_id, action, expression, values | {":expires": latest // 1000 + _FORGOTTEN_AFTER_SECONDS}, condition)
        except dynamo.ConditionFailed as refusal:
            full_at = refusal.item.get("full_at", full_at)
        else:
            return
    raise TooManyRequests("Slow down, and try again.", retry_after=max(1, math.ceil((full_at - latest) / 1000)))


def _set(site_id: str, action: str, expression: str, values: Mapping[str, Any], condition: str) -> None:
    key = {"pk": f"{site_id}#RATE#{action}"}
    update = f"SET full_at = {expression}, expires = :expires"
    dynamo.update(settings().requests_table, key, update, values, condition=condition)
