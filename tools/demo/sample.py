"""The sample contacts, and the campaign that most of them get."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[2] / "samples" / "contacts.csv"

Row = Mapping[str, str]

# Everybody but those of one country and one city; `matches` says the same.
_CONDITIONS = [
    {"fieldName": "countryOrRegion", "operator": "Is Not", "value": "Japan", "order": 1},
    {"fieldName": "city", "operator": "Is", "value": "KÖLN", "order": 2},
]


def rows(count: int) -> Sequence[Row]:
    """The first ``count`` contacts of the sample file, or all when it has fewer."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))[:count]


def matches(row: Row) -> bool:
    """Whether the campaign goes to a contact: its filter once more, so that the audience can be checked."""
    return row["countryOrRegion"] != "Japan" and row["city"].casefold() != "köln"


def text(count: int) -> str:
    """The first ``count`` contacts as the text of a file, for the import."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return "".join(itertools.islice(file, 1 + count))


def campaign(channel_account_id: str, callback_url: str) -> dict[str, Any]:
    """The body that creates the campaign."""
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
