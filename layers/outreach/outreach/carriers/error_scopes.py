"""The scope of a carrier's error code, which determines how it is handled (docs/carriers.md, "Refusals").

Each carrier's codes are in one table, ``CODES``, for responses to send requests and for delivery receipts.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class ErrorScope(StrEnum):
    """What an error affects. The values are those of the tables in docs/carriers.md."""

    ACCOUNT = "account"
    UNUSABLE_SENDER = "unusable sender"
    SENDER = "sender"
    RATE = "rate"
    QUEUE = "queue"
    DAY_UTC = "day, UTC"
    DAY_PACIFIC = "day, Pacific"
    ROLLING_DAY = "rolling day"
    MESSAGE = "message"
    OPT_OUT = "opt-out"
    NETWORK = "network"
    OUTCOME = "outcome"


# Errors that affect every message of the account.
ACCOUNT_WIDE = frozenset(
    {
        ErrorScope.ACCOUNT,
        ErrorScope.UNUSABLE_SENDER,
        ErrorScope.SENDER,
        ErrorScope.RATE,
        ErrorScope.QUEUE,
        ErrorScope.DAY_UTC,
        ErrorScope.DAY_PACIFIC,
        ErrorScope.ROLLING_DAY,
    }
)


class Code(NamedTuple):
    """An error code of a carrier: what it affects, and what it means, for ``failedReason``."""

    scope: ErrorScope
    description: str


CodeTable = Mapping[str, Code]


def table(by_scope: Mapping[ErrorScope, Mapping[str, str]]) -> CodeTable:
    """Return the codes of a table that is written by scope."""
    return {code: Code(scope, description) for scope, codes in by_scope.items() for code, description in codes.items()}
