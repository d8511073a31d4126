"""The sample contacts and the sample campaign."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[2] / "samples" / "contacts.csv"

Row = Mapping[str, str]

# Excludes one country and one city. Must agree with `matches` and `AUDIENCE`.
_CONDITIONS = [
    {"fieldName": "countryOrRegion", "operator": "Is Not", "value": "Japan", "order": 1},
    {"fieldName": "city", "operator": "Is", "value": "KÖLN", "order": 2},
]
AUDIENCE = "everybody outside Japan and Köln"


def rows(count: int) -> Sequence[Row]:
    """Read the first ``count`` contacts of the sample file, or all if there are fewer."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))[:count]


def matches(row: Row) -> bool:
    """Return whether a contact matches the campaign's filter. Repeats the filter in Python, to check the audience."""
    return row["countryOrRegion"] != "Japan" and row["city"].casefold() != "köln"


def text(count: int) -> str:
    """Return the first ``count`` contacts as CSV text for the import."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return "".join(itertools.islice(file, 1 + count))


def campaign(channel_account_id: str, callback_url: str) -> dict[str, Any]:
    """Return the request body that creates the campaign."""
    return {
        "name": "Season opening",
        "channel": "sms",
        "channelAccountId": channel_account_id,
        "message": "Hi {{ firstName | default: 'there' }}, {{ customFields.company }} opens in {{ customFields.city }} today!",
        "contactFilterConditionMetType": "logicalExpression",
        "contactFilterLogicalExpresssion": "1 and not 2",
        "contactFilterConditions": _CONDITIONS,
        "callbackURL": callback_url,
    }
