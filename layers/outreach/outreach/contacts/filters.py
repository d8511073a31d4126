"""Filters over contacts: conditions by field, joined by all, any or a logical expression.

A filter is checked and compiled once, into one function from a contact's document (see ``documents``) to yes or no. Nothing of
a contact is built for it, so that a scan pays for little more than decoding.

Rules: contract, Filters. Besides: ``Is`` with an empty value means "has no value"; on a list of options ``Is`` compares the whole
choice and ``Contains`` asks for each of the given options.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from outreach.contacts import identities
from outreach.contacts.documents import Document
from outreach.contacts.expression import And, Expression, ExpressionError, Not, operands, parse
from outreach.contacts.fields import Field, Schema
from outreach.contacts.models import FieldKey, IdentityType
from outreach.contacts.values import FieldType, Value
from outreach.errors import FieldError, ValidationFailed

MAX_CONDITIONS = 250

Predicate = Callable[[Document], bool]
Getter = Callable[[Document], Any]


class Match(StrEnum):
    """How conditions are joined; the values are the specification's."""

    ALL = "all"
    ANY = "any"
    EXPRESSION = "logicalExpression"


class Operator(StrEnum):
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
    """One condition; ``order`` is its name in a logical expression."""

    field_name: str
    operator: Operator
    value: str
    order: int = 0
    id: str = ""
    campaign_id: str | None = None


@dataclass(frozen=True)
class Filter:
    """Which contacts are meant. Without conditions: all of them."""

    match: Match = Match.ALL
    expression: str = ""
    conditions: tuple[Condition, ...] = ()


def compile(wanted: Filter, schema: Schema, pointer: str = "/filter") -> Predicate:
    """Check a filter against a site's fields and make the function that decides.

    Args:
        pointer: what the filter's properties start with in the body: ``/filter`` or ``/contactFilter``.

    Raises:
        ValidationFailed: naming each condition that is wrong, or the expression.
    """
    if len(wanted.conditions) > MAX_CONDITIONS:
        raise ValidationFailed.at(f"{pointer}Conditions", f"must not be more than {MAX_CONDITIONS}")
    tests, errors = _conditions(wanted.conditions, schema, f"{pointer}Conditions")
    if errors:
        raise ValidationFailed(*errors)
    if wanted.match is Match.EXPRESSION:
        return _by_expression(wanted, tests, pointer)
    return _all(tests) if wanted.match is Match.ALL or not tests else _any(tests)


def _conditions(conditions: Sequence[Condition], schema: Schema, pointer: str) -> tuple[list[Predicate], list[FieldError]]:
    tests, errors = [], []
    for index, condition in enumerate(conditions):
        try:
            tests.append(_condition(condition, schema))
        except _ConditionError as wrong:
            errors.append(FieldError(f"{pointer}/{index}/{wrong.part}", wrong.message))
    return tests, errors


def _by_expression(wanted: Filter, tests: list[Predicate], pointer: str) -> Predicate:
    if not tests and not wanted.expression.strip():
        return _all([])
    by_order = {condition.order: test for condition, test in zip(wanted.conditions, tests, strict=True)}
    if len(by_order) < len(tests):
        raise ValidationFailed.at(f"{pointer}Conditions", "the orders must differ, for the expression names conditions by them")
    try:
        expression = parse(wanted.expression)
    except ExpressionError as error:
        raise ValidationFailed.at(f"{pointer}LogicalExpresssion", str(error)) from error
    unknown = operands(expression) - by_order.keys()
    if unknown:
        raise ValidationFailed.at(f"{pointer}LogicalExpresssion", f"names condition {min(unknown)}, which does not exist")
    return _compiled(expression, by_order)


def _compiled(expression: Expression, by_order: dict[int, Predicate]) -> Predicate:
    if isinstance(expression, int):
        return by_order[expression]
    if isinstance(expression, Not):
        return _negated(_compiled(expression.operand, by_order))
    parts = [_compiled(operand, by_order) for operand in expression.operands]
    return _all(parts) if isinstance(expression, And) else _any(parts)


def _all(tests: Sequence[Predicate]) -> Predicate:
    def every(document: Document) -> bool:
        for test in tests:  # noqa: SIM110 - a generator would cost as much again as the tests
            if not test(document):
                return False
        return True

    return tests[0] if len(tests) == 1 else every


def _any(tests: Sequence[Predicate]) -> Predicate:
    def some(document: Document) -> bool:
        for test in tests:  # noqa: SIM110 - as above
            if test(document):
                return True
        return False

    return tests[0] if len(tests) == 1 else some


def _negated(test: Predicate) -> Predicate:
    return lambda document: not test(document)


class _ConditionError(Exception):
    """A part of a condition (its property) is wrong."""

    def __init__(self, part: str, message: str) -> None:
        super().__init__(message)
        self.part, self.message = part, message


_POSITIVE = {Operator.IS_NOT: Operator.IS, Operator.DOES_NOT_CONTAIN: Operator.CONTAINS}
_COMPARISONS: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.IS_MORE_THAN: operator.gt,
    Operator.IS_LESS_THAN: operator.lt,
    Operator.AFTER: operator.gt,
    Operator.BEFORE: operator.lt,
}
_EQUALITY = frozenset({Operator.IS, Operator.IS_NOT})
_TEXT = _EQUALITY | {Operator.CONTAINS, Operator.DOES_NOT_CONTAIN}
_NUMBER = _EQUALITY | {Operator.IS_MORE_THAN, Operator.IS_LESS_THAN}
_DATE = _NUMBER | {Operator.BEFORE, Operator.AFTER}
_OPERATORS = {
    FieldType.DATE: _DATE,
    FieldType.DATE_TIME: _DATE,
    FieldType.INTEGER: _NUMBER,
    FieldType.FLOAT: _NUMBER,
    FieldType.CHECKBOX: _EQUALITY,
}
_PROPERTIES = {
    "id": FieldType.TEXT,
    "name": FieldType.TEXT,
    "createTime": FieldType.DATE_TIME,
    "lastUpdatedTime": FieldType.DATE_TIME,
}


def _condition(condition: Condition, schema: Schema) -> Predicate:
    positive = _POSITIVE.get(condition.operator)
    if positive:
        return _negated(_condition_with(condition, positive, schema))
    return _condition_with(condition, condition.operator, schema)


def _condition_with(condition: Condition, how: Operator, schema: Schema) -> Predicate:
    name = condition.field_name.strip()
    for property_, type_ in _PROPERTIES.items():
        if property_.casefold() == name.casefold():
            return _value_test(type_, how, condition, _document_getter(property_), None)
    field = schema.find(name)
    if field is None:
        raise _ConditionError("fieldName", f"there is no contact field {name}")
    if field.identity_type:
        return _identity_test(field.identity_type, how, condition.value, schema.region)
    return _value_test(field.type, how, condition, _value_getter(field.key), field)


def _document_getter(name: str) -> Getter:
    return lambda document: document[name]


def _value_getter(key: FieldKey) -> Getter:
    return lambda document: document["values"].get(key)


def _value_test(type_: FieldType, how: Operator, condition: Condition, get: Getter, field: Field | None) -> Predicate:
    if how not in _OPERATORS.get(type_, _TEXT):
        raise _ConditionError("operator", f"{condition.field_name} is a {type_}, which has no {condition.operator}")
    if how is Operator.IS and not condition.value.strip():
        return lambda document: get(document) is None
    if type_.storage == "text":
        return _text_test(how, condition.value.casefold(), get)
    return _typed_test(how, _typed(type_, field, condition.value), get)


def _typed(type_: FieldType, field: Field | None, value: str) -> Value:
    """The condition's value in the field's type."""
    shape = replace(field, length=None) if field else Field("", FieldKey(""), "", type_)
    try:
        typed = shape.read(value)
    except ValueError as error:
        raise _ConditionError("value", str(error)) from error
    if typed is None:
        raise _ConditionError("value", "must not be empty")
    return typed


def _typed_test(how: Operator, wanted: Value, get: Getter) -> Predicate:
    if how is Operator.IS:
        return lambda document: bool(get(document) == wanted)
    if isinstance(wanted, list):
        return lambda document: set(wanted) <= set(get(document) or ())
    compare = _COMPARISONS[how]

    def compared(document: Document) -> bool:
        value = get(document)
        return value is not None and compare(value, wanted)

    return compared


def _text_test(how: Operator, wanted: str, get: Getter) -> Predicate:
    if how is Operator.IS:

        def equal(document: Document) -> bool:
            value = get(document)
            return value is not None and value.casefold() == wanted

        return equal

    def contained(document: Document) -> bool:
        value = get(document)
        return value is not None and wanted in value.casefold()

    return contained


def _identity_test(type_: IdentityType, how: Operator, value: str, region: str) -> Predicate:
    if how not in _TEXT:
        raise _ConditionError("operator", f"{type_} is an identity, which has no {how}")
    if how is Operator.IS:
        return _identity_is(type_, value, region)
    wanted = value.casefold()
    return lambda document: any(
        wanted in identity["value"].casefold()
        for identity in document["identities"]
        if identity["type"] == type_ and "isDeleted" not in identity
    )


def _identity_is(type_: IdentityType, value: str, region: str) -> Predicate:
    if not value.strip():
        return lambda document: (
            not any(identity["type"] == type_ and "isDeleted" not in identity for identity in document["identities"])
        )
    try:
        # A national number means the E.164 number; else text compares without regard to case.
        wanted = identities.normalise(type_, value, region)[1].casefold()
    except ValueError as error:
        raise _ConditionError("value", str(error)) from error
    return lambda document: any(
        identity["value"].casefold() == wanted
        for identity in document["identities"]
        if identity["type"] == type_ and "isDeleted" not in identity
    )
