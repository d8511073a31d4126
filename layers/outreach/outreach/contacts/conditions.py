"""One condition of a filter: a field, an operator and a value, compiled into a function of a contact's document.

Rules: contract, Filters. Besides: ``Is`` with an empty value means "has no value"; on a list of options ``Is`` compares the whole
choice and ``Contains`` asks for each of the given options. An instant without a time of day is midnight UTC.

A scan calls these functions for every contact of a site, so each is one closure over what it needs, without a call that it could
do without.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from outreach.contacts import identities
from outreach.contacts.documents import Document
from outreach.contacts.fields import Field, Schema
from outreach.contacts.models import FieldKey, IdentityType
from outreach.contacts.values import FieldType, Value

Predicate = Callable[[Document], bool]


class Operator(StrEnum):
    """The values are the specification's."""

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


class ConditionError(Exception):
    """A part of a condition (``field_name``'s wire name, ``operator`` or ``value``) is wrong."""

    def __init__(self, part: str, message: str) -> None:
        super().__init__(message)
        self.part, self.message = part, message


_NEGATIONS = {Operator.IS_NOT: Operator.IS, Operator.DOES_NOT_CONTAIN: Operator.CONTAINS}
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

# Which operators a type has, where it isn't those of a text.
_OPERATORS = {
    FieldType.DATE: _DATE,
    FieldType.DATE_TIME: _DATE,
    FieldType.INTEGER: _NUMBER,
    FieldType.FLOAT: _NUMBER,
    FieldType.CHECKBOX: _EQUALITY,
}

# The contact's own properties stand in the document beside the fields' values.
_PROPERTIES = {
    name.casefold(): Field("", FieldKey(name), name, type_)
    for name, type_ in (
        ("id", FieldType.TEXT),
        ("name", FieldType.TEXT),
        ("createTime", FieldType.DATE_TIME),
        ("lastUpdatedTime", FieldType.DATE_TIME),
    )
}


def compile_condition(condition: Condition, schema: Schema) -> Predicate:
    """
    Raises:
        ConditionError: there is no such field, its type has no such operator, or the value is none of the type.
    """
    field = _PROPERTIES.get(condition.field_name.strip().casefold()) or schema.find(condition.field_name)
    if field is None:
        raise ConditionError("fieldName", f"there is no contact field {condition.field_name}")
    if condition.operator not in _OPERATORS.get(field.type, _TEXT):
        raise ConditionError("operator", f"{field.name} is of the type {field.type}, which has no {condition.operator}")
    test = _test(field, _NEGATIONS.get(condition.operator, condition.operator), condition.value, schema.region)
    return negated(test) if condition.operator in _NEGATIONS else test


def negated(test: Predicate) -> Predicate:
    """The opposite."""
    return lambda document: not test(document)


def _test(field: Field, how: Operator, value: str, region: str) -> Predicate:
    if field.identity_type:
        return _identity_test(field.identity_type, how, value, region)
    if how is Operator.IS and not value.strip():
        return _is_absent(field.key)
    if field.type.storage == "text":
        return (_text_is if how is Operator.IS else _text_contains)(field.key, value.casefold())
    wanted = _typed(field, value)
    if how is Operator.IS:
        return _is(field.key, wanted)
    if isinstance(wanted, list):
        return _contains_all(field.key, frozenset(wanted))
    return _compares(field.key, _COMPARISONS[how], wanted)


def _typed(field: Field, value: str) -> Value:
    """The condition's value in the field's type."""
    try:
        typed = replace(field, length=None).read(value)
    except ValueError as error:
        raise ConditionError("value", str(error)) from error
    if typed is None:
        raise ConditionError("value", "must not be empty")
    return typed


def _is_absent(key: FieldKey) -> Predicate:
    return lambda document: key not in document


def _is(key: FieldKey, wanted: Value) -> Predicate:
    return lambda document: document.get(key) == wanted


def _contains_all(key: FieldKey, wanted: frozenset[str]) -> Predicate:
    return lambda document: wanted.issubset(document.get(key, ()))


def _compares(key: FieldKey, compare: Callable[[Any, Any], bool], wanted: Value) -> Predicate:
    def compares(document: Document) -> bool:
        value = document.get(key)
        return value is not None and compare(value, wanted)

    return compares


def _text_is(key: FieldKey, wanted: str) -> Predicate:
    def text_is(document: Document) -> bool:
        value = document.get(key)
        return value is not None and value.casefold() == wanted

    return text_is


def _text_contains(key: FieldKey, wanted: str) -> Predicate:
    def text_contains(document: Document) -> bool:
        value = document.get(key)
        return value is not None and wanted in value.casefold()

    return text_contains


def _identity_test(type_: IdentityType, how: Operator, value: str, region: str) -> Predicate:
    if not value.strip():
        exists = _identity_contains(type_, "")
        return negated(exists) if how is Operator.IS else exists
    if how is Operator.CONTAINS:
        return _identity_contains(type_, value.casefold())
    try:
        # A national number means the E.164 number; else text compares without regard to case.
        written, _ = identities.normalise(type_, value, region)
    except ValueError as error:
        raise ConditionError("value", str(error)) from error
    return _identity_is(type_, written.casefold())


def _identity_is(type_: IdentityType, wanted: str) -> Predicate:
    wanted_type = type_.value

    def identity_is(document: Document) -> bool:
        for identity in document["identities"]:
            if identity["type"] == wanted_type and identity["value"].casefold() == wanted and "isDeleted" not in identity:
                return True
        return False

    return identity_is


def _identity_contains(type_: IdentityType, wanted: str) -> Predicate:
    wanted_type = type_.value

    def identity_contains(document: Document) -> bool:
        for identity in document["identities"]:
            if identity["type"] == wanted_type and wanted in identity["value"].casefold() and "isDeleted" not in identity:
                return True
        return False

    return identity_contains
