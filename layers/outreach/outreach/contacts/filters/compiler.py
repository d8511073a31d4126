"""Compiles filters over contacts: conditions combined by all, any or a logical expression (docs/api.md, "Filters").

A filter is checked and compiled once, into a function that decides about a contact's document (``contact_documents``). It needs
no :class:`Contact`, so a scan spends most of its time on decoding documents.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

import orjson

from outreach import clock
from outreach.contacts.fields import SiteFields
from outreach.contacts.filters.combination import all_of, any_of, by_expression
from outreach.contacts.filters.conditions import ConditionError, Predicate, compile_condition
from outreach.contacts.filters.expression import Expression, ExpressionError, operands, parse
from outreach.contacts.filters.models import Condition, Filter, Match
from outreach.contacts.opt_out_status import OptedOutNumbers
from outreach.errors import FieldError, ValidationFailed, checked

MAX_CONDITIONS = 250
# The size of all field names and values, as JSON in UTF-8. A campaign and each of its records store them in this form.
MAX_BYTES = 100 * 1024


def compile_filter(
    contact_filter: Filter,
    site_fields: SiteFields,
    pointer: str = "/filter",
    *,
    now: datetime | None = None,
    opted_out: OptedOutNumbers | None = None,
) -> Predicate:
    """Check a filter against a site's fields and compile it.

    Args:
        pointer: the beginning of the names of the filter's properties in the body: ``/filter`` or ``/contactFilter``.
        now: the moment that relative dates such as ``now-30d`` refer to; the current time if omitted.
        opted_out: the site's opted-out numbers, if the caller needs them too.

    Raises:
        ValidationFailed: conditions or the expression are wrong. It names each of them.
    """
    _check_size(contact_filter.conditions, f"{pointer}Conditions")
    compile_one = partial(
        compile_condition,
        site_fields=site_fields,
        now=now or clock.now(),
        opted_out=opted_out or OptedOutNumbers(site_fields.site_id),
    )
    predicates, expression = checked(
        lambda: _compile_conditions(contact_filter.conditions, f"{pointer}Conditions", compile_one),
        lambda: _expression(contact_filter, pointer),
    )
    if expression is not None:
        orders = [condition.order for condition in contact_filter.conditions]
        return by_expression(expression, dict(zip(orders, predicates, strict=True)))
    return all_of(predicates) if contact_filter.match is not Match.ANY or not predicates else any_of(predicates)


def _check_size(conditions: Sequence[Condition], pointer: str) -> None:
    if len(conditions) > MAX_CONDITIONS:
        raise ValidationFailed.at(pointer, f"must have at most {MAX_CONDITIONS} conditions")
    size = sum(len(orjson.dumps(text)) - 2 for condition in conditions for text in (condition.field_name, condition.value))
    if size > MAX_BYTES:
        message = f"must have at most {MAX_BYTES:,} bytes in all field names and values together, but have {size:,}"
        raise ValidationFailed.at(pointer, message)


def _compile_conditions(
    conditions: Sequence[Condition], pointer: str, compile_one: Callable[[Condition], Predicate]
) -> list[Predicate]:
    predicates, errors = [], []
    for index, condition in enumerate(conditions):
        try:
            predicates.append(compile_one(condition))
        except ConditionError as error:
            errors.append(FieldError(f"{pointer}/{index}/{error.property_name}", error.message))
    if errors:
        raise ValidationFailed(*errors)
    return predicates


def _expression(contact_filter: Filter, pointer: str) -> Expression | None:
    """Return the expression that combines the conditions, if one does."""
    conditions = contact_filter.conditions
    if contact_filter.match is not Match.EXPRESSION or not (conditions or contact_filter.expression.strip()):
        return None
    orders = {condition.order for condition in conditions}
    if len(orders) < len(conditions):
        message = "must have different orders, because the logical expression names conditions by their order"
        raise ValidationFailed.at(f"{pointer}Conditions", message)
    try:
        expression = parse(contact_filter.expression)
    except ExpressionError as error:
        raise ValidationFailed.at(f"{pointer}LogicalExpresssion", str(error)) from error
    if not conditions:
        advice = f"to select everybody, set {pointer[1:]}ConditionMetType to all"
        message = f"must not be empty, because the logical expression names conditions; {advice}"
        raise ValidationFailed.at(f"{pointer}Conditions", message)
    unknown = operands(expression) - orders
    if unknown:
        message = f"names condition {min(unknown)}, but no condition has this order"
        raise ValidationFailed.at(f"{pointer}LogicalExpresssion", message)
    return expression
