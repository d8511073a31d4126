"""Filters as they travel: the same in ``contacts:query`` and in campaigns, under two sets of names, each accepted in both."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field

from outreach import wire
from outreach.contacts.conditions import Condition, Operator
from outreach.contacts.filters import Filter, Match


def _text(value: Any) -> Any:
    """A condition's value is a string; clients also send what it stands for (``5``, ``true``)."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value or ""


_match = wire.one_of(*Match)
_operator = wire.one_of(*Operator)


def _names(suffix: str, *prefixes: str) -> AliasChoices:
    """Three s is the specification's spelling of "expression"; the correct one is accepted. Errors point at the first prefix."""
    names = [f"{prefix}{spelling}" for prefix in prefixes for spelling in (suffix, suffix.replace("sss", "ss"))]
    return AliasChoices(*dict.fromkeys(names))


_CAMPAIGN = ("contactFilter", "filter")
_QUERY = ("filter", "contactFilter")

OptionalMatch = Annotated[Match | None, BeforeValidator(lambda value: _match(value) if value else None)]


class ConditionBody(wire.Request):
    """One condition as clients send it."""

    id: Annotated[wire.Guid | None, BeforeValidator(wire.none_if_blank)] = None
    field_name: str
    operator: Annotated[Operator, BeforeValidator(_operator)]
    value: Annotated[str, BeforeValidator(_text)] = ""
    order: wire.Integer = 0

    def condition(self) -> Condition:
        """The condition, with an id."""
        return Condition(self.field_name, self.operator, self.value, self.order, self.id or str(uuid.uuid4()))


class FilterBody(wire.Request):
    """The filter's properties in a campaign's body; a mixin. None of the given ones means every contact."""

    filter_condition_met_type: OptionalMatch = Field(None, validation_alias=_names("ConditionMetType", *_CAMPAIGN))
    filter_logical_expression: str | None = Field(None, validation_alias=_names("LogicalExpresssion", *_CAMPAIGN))
    filter_conditions: tuple[ConditionBody, ...] | None = Field(None, validation_alias=_names("Conditions", *_CAMPAIGN))

    def filter(self) -> Filter:
        """The filter that the body asks for."""
        return Filter(
            self.filter_condition_met_type or Match.ALL,
            self.filter_logical_expression or "",
            tuple(condition.condition() for condition in self.filter_conditions or ()),
        )


class QueryFilterBody(FilterBody):
    """The same as ``contacts:query`` calls it."""

    filter_condition_met_type: OptionalMatch = Field(None, validation_alias=_names("ConditionMetType", *_QUERY))
    filter_logical_expression: str | None = Field(None, validation_alias=_names("LogicalExpresssion", *_QUERY))
    filter_conditions: tuple[ConditionBody, ...] | None = Field(None, validation_alias=_names("Conditions", *_QUERY))


class ConditionResponse(wire.Response):
    """One condition as we write it (contract, Filters)."""

    id: str
    campaign_id: str | None
    field_name: str
    operator: Operator
    value: str
    order: int
