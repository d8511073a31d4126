"""Request and response bodies of filters.

``contacts:query`` and campaigns have the same filters with different property names. Each accepts both sets of names.
"""

from __future__ import annotations

import difflib
import uuid
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field, model_validator

from outreach import parsing, text, wire
from outreach.contacts.filters.expression import MAX_LENGTH
from outreach.contacts.filters.models import Condition, Filter, Match, Operator

_MAX_VALUE = 2_000


def _text(value: Any) -> Any:
    """Convert a condition's value to a string. Clients also send numbers and booleans."""
    if value is None:
        raise ValueError('is required; "" means that the contact has no value')
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < parsing.EXACT_FLOAT_LIMIT:
        return str(int(value))
    return str(value) if isinstance(value, int | float) else value


def _order(value: Any) -> int:
    if value is None:
        raise ValueError("is required")
    return parsing.parse_integer(value)


_match = wire.one_of(*Match)
_operator = wire.one_of(*Operator)


def _names(suffix: str, *prefixes: str) -> AliasChoices:
    """Return the accepted names of a property. Errors use the first prefix.

    The API spells "Expresssion" with three s; the correct spelling is also accepted.
    """
    names = [f"{prefix}{spelling}" for prefix in prefixes for spelling in (suffix, suffix.replace("sss", "ss"))]
    return AliasChoices(*dict.fromkeys(names))


_CAMPAIGN = ("contactFilter", "filter")
_QUERY = ("filter", "contactFilter")


class ConditionBody(wire.Request):
    """A condition in a request."""

    id: wire.ReadOnlyId = None
    field_name: Annotated[str, Field(max_length=text.MAX_NAME)]
    operator: Annotated[Operator, BeforeValidator(_operator)]
    value: Annotated[str, BeforeValidator(_text), Field(max_length=_MAX_VALUE)]
    order: Annotated[int, BeforeValidator(_order)]

    def condition(self) -> Condition:
        """Return the condition, with a new id if none is given."""
        return Condition(self.field_name, self.operator, self.value, self.order, self.id or str(uuid.uuid4()))


# ``null`` is most likely a property that a program has not set. It must not make an update select everybody.
OptionalMatch = Annotated[Match | None, wire.blank_as(None, _match), wire.NULL_IS_ABSENT]
OptionalExpression = Annotated[str | None, Field(max_length=MAX_LENGTH), wire.NULL_IS_ABSENT]
OptionalConditions = Annotated[tuple[ConditionBody, ...] | None, wire.NULL_IS_ABSENT]


# How the documented names of the properties end that select contacts.
_SELECTING = ("ConditionMetType", "LogicalExpresssion", "Conditions", "keywords", "selected")
_FILTER_WORDS = ("filter", "condition")


class FilterBody(wire.Request):
    """The properties of a filter in a campaign (a mixin). A body without them selects every contact.

    Other unknown properties are ignored, as everywhere, but a misspelt filter would select everybody (docs/api.md, "Filters").
    """

    filter_condition_met_type: OptionalMatch = Field(None, validation_alias=_names("ConditionMetType", *_CAMPAIGN))
    filter_logical_expression: OptionalExpression = Field(None, validation_alias=_names("LogicalExpresssion", *_CAMPAIGN))
    filter_conditions: OptionalConditions = Field(None, validation_alias=_names("Conditions", *_CAMPAIGN))

    @model_validator(mode="before")
    @classmethod
    def _refuse_misspelt_filters(cls, data: Any) -> Any:
        documented = wire.spellings(cls)
        wire.refuse_misspelt(cls, data, lambda name: _meant_property(name, documented), "filter")
        return data

    def filter(self) -> Filter:
        """Return the filter."""
        return Filter(
            self.filter_condition_met_type or Match.ALL,
            self.filter_logical_expression or "",
            tuple(condition.condition() for condition in self.filter_conditions or ()),
        )


class QueryFilterBody(FilterBody):
    """The properties of a filter in ``contacts:query`` and ``contacts:export``, with the keywords that narrow it further."""

    keywords: str | None = None
    filter_condition_met_type: OptionalMatch = Field(None, validation_alias=_names("ConditionMetType", *_QUERY))
    filter_logical_expression: OptionalExpression = Field(None, validation_alias=_names("LogicalExpresssion", *_QUERY))
    filter_conditions: OptionalConditions = Field(None, validation_alias=_names("Conditions", *_QUERY))


def _meant_property(name: str, documented: Mapping[str, str]) -> str | None:
    """Return the selecting property that an unknown name seems to mean; ``None`` if it means something else."""
    selecting = [spelling for spelling, property_ in documented.items() if property_.endswith(_SELECTING)]
    cutoff = 0 if any(word in name for word in _FILTER_WORDS) else wire.SIMILARITY
    nearest = difflib.get_close_matches(name, selecting, n=1, cutoff=cutoff)
    return documented[nearest[0]] if nearest else None


class ConditionResponse(wire.Response):
    """A condition in a response (docs/api.md, "Filters")."""

    id: str
    campaign_id: str | None
    field_name: str
    operator: Operator
    value: str
    order: int
