"""Filters of contacts and their conditions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from outreach.tolerant_reader import known


class Operator(StrEnum):
    """How a condition compares a field with its value. The values are those of the API."""

    CONTAINS = "Contains"
    DOES_NOT_CONTAIN = "Does Not Contain"
    IS = "Is"
    IS_NOT = "Is Not"
    IS_MORE_THAN = "Is More Than"
    IS_LESS_THAN = "Is Less Than"
    BEFORE = "Before"
    AFTER = "After"


@dataclass(frozen=True)
class Condition:
    """A condition of a filter. A logical expression refers to it by its ``order``."""

    field_name: str
    operator: Operator
    value: str
    order: int = 0
    id: str = ""
    campaign_id: str | None = None


class Match(StrEnum):
    """How the conditions of a filter are combined. The values are those of the API."""

    ALL = "all"
    ANY = "any"
    EXPRESSION = "logicalExpression"


@dataclass(frozen=True)
class Filter:
    """A selection of contacts. A filter without conditions selects all contacts."""

    match: Match = Match.ALL
    expression: str = ""
    conditions: tuple[Condition, ...] = ()

    @classmethod
    def of_stored(cls, stored: Mapping[str, Any]) -> Filter:
        """Read the stored form: the mapping of its attributes."""
        conditions = (
            Condition(**{**known(Condition, entry), "operator": Operator(entry["operator"])}) for entry in stored["conditions"]
        )
        return cls(Match(stored["match"]), stored["expression"], tuple(conditions))
