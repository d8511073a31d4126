"""Compiles a condition of a filter, which is a field, an operator and a value, into a function of a contact's document.

See docs/api.md, "Filters", for the rules. ``Is`` with an empty value means that the field has no value. For a list of options,
``Is`` compares the whole list and ``Contains`` requires each given option. A moment without a time of day is midnight UTC. Texts
compare by :func:`outreach.text.comparison_key`; stored ones are normalised already.

A scan calls these functions for every contact of a site, so each is a single closure with as few calls as possible.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from outreach import clock, phone_numbers, placeholders, text
from outreach.contacts import identities
from outreach.contacts.contact_documents import Document
from outreach.contacts.field_values import FieldType, Value
from outreach.contacts.fields import Field, SiteFields
from outreach.contacts.filters import relative_time
from outreach.contacts.filters.models import Condition, Operator
from outreach.contacts.models import FieldKey, IdentityType
from outreach.contacts.opt_out_status import IS_OPTED_OUT, OptedOutNumbers
from outreach.parsing import NIL_GUID

Predicate = Callable[[Document], bool]


class ConditionError(Exception):
    """A property of a condition (``fieldName``, ``operator`` or ``value``) is wrong."""

    def __init__(self, property_name: str, message: str) -> None:
        super().__init__(message)
        self.property_name, self.message = property_name, message


_NEGATIONS = {Operator.IS_NOT: Operator.IS, Operator.DOES_NOT_CONTAIN: Operator.CONTAINS}
_COMPARISONS: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.IS_MORE_THAN: operator.gt,
    Operator.IS_LESS_THAN: operator.lt,
    Operator.AFTER: operator.gt,
    Operator.BEFORE: operator.lt,
}

_EQUALITY_OPERATORS = frozenset({Operator.IS, Operator.IS_NOT})
_TEXT_OPERATORS = _EQUALITY_OPERATORS | {Operator.CONTAINS, Operator.DOES_NOT_CONTAIN}
_NUMBER_OPERATORS = _EQUALITY_OPERATORS | {Operator.IS_MORE_THAN, Operator.IS_LESS_THAN}
_DATE_OPERATORS = _NUMBER_OPERATORS | {Operator.BEFORE, Operator.AFTER}

_DATE_TYPES = (FieldType.DATE, FieldType.DATE_TIME)

# The operators of a field type; all other types have the operators of a text.
_OPERATORS = {
    FieldType.DATE: _DATE_OPERATORS,
    FieldType.DATE_TIME: _DATE_OPERATORS,
    FieldType.INTEGER: _NUMBER_OPERATORS,
    FieldType.FLOAT: _NUMBER_OPERATORS,
    FieldType.CHECKBOX: _EQUALITY_OPERATORS,
}

# Ends the error of an unknown field.
ADVICE_ON_FIELDS = "; GET /contact/fields lists the fields"

_MERGED = "mergeToContactId"
# Only live contacts are filtered, and their documents lack the property.
_NOT_MERGED: Document = {_MERGED: NIL_GUID}

# The contact's properties that a filter can use like fields.
_PROPERTIES = {
    name.casefold(): Field("", FieldKey(name), name, type_)
    for name, type_ in (
        ("id", FieldType.TEXT),
        ("name", FieldType.TEXT),
        ("createTime", FieldType.DATE_TIME),
        ("lastUpdatedTime", FieldType.DATE_TIME),
        (_MERGED, FieldType.TEXT),
        (IS_OPTED_OUT, FieldType.CHECKBOX),
    )
}


def compile_condition(condition: Condition, site_fields: SiteFields, now: datetime, opted_out: OptedOutNumbers) -> Predicate:
    """Check a condition and compile it.

    Args:
        now: the moment that a relative date refers to.
        opted_out: the site's opted-out numbers, which only a condition on ``isOptedOut`` reads.

    Raises:
        ConditionError: there is no such field, its type does not have the operator, or the value does not fit the type.
    """
    field = _PROPERTIES.get(text.comparison_key(condition.field_name)) or site_fields.find(condition.field_name)
    if field is None:
        problem = f"must be a contact field, but the site has no field {condition.field_name}"
        raise ConditionError("fieldName", problem + ADVICE_ON_FIELDS)
    operators = _OPERATORS.get(field.type, _TEXT_OPERATORS)
    if condition.operator not in operators:
        allowed = ", ".join(operator_ for operator_ in Operator if operator_ in operators)
        raise ConditionError("operator", f"must be one of {allowed}, because the type of {field.name} is {field.type}")
    positive_operator = _NEGATIONS.get(condition.operator, condition.operator)
    value = _resolved(field, text.normalise(condition.value), now)
    if field.key == IS_OPTED_OUT:
        predicate = _is_opted_out(field, value, opted_out)
    else:
        predicate = _reading(field, _predicate(field, positive_operator, value, site_fields.region))
    return negated(predicate) if condition.operator in _NEGATIONS else predicate


def negated(predicate: Predicate) -> Predicate:
    """Return the negation of a predicate."""
    return lambda document: not predicate(document)


def _either(first: Predicate, second: Predicate) -> Predicate:
    return lambda document: first(document) or second(document)


def _reading(field: Field, predicate: Predicate) -> Predicate:
    """Return a predicate that gets the values of a field as responses show them."""
    if field.key == _MERGED:
        return lambda _: predicate(_NOT_MERGED)
    if not field.is_retyped:
        return predicate

    def matches(document: Document) -> bool:
        value = field.value_in(document)
        return predicate({} if value is None else {field.key: value})

    return matches


def _resolved(field: Field, value: str, now: datetime) -> str:
    """Replace a relative date by the moment that it means."""
    moment = relative_time.resolve(value, now) if field.type in _DATE_TYPES else None
    return clock.timestamp(moment) if moment else value


def _predicate(field: Field, operator_: Operator, value: str, region: str) -> Predicate:
    if field.identity_type:
        return _identity_predicate(field.identity_type, operator_, value, region)
    if operator_ is Operator.IS and not value:
        return _is_absent(field.key)
    if field.type.is_text:
        if operator_ is Operator.IS:
            # As stored: a time zone, for example, by its canonical name.
            return _text_is(field.key, text.comparison_key(str(_parse_value(field, value))))
        return _text_contains_or_is(field, value)
    expected = _parse_value(field, value)
    if operator_ is Operator.IS:
        return _is(field.key, expected)
    if isinstance(expected, list):
        return _contains_all(field.key, frozenset(expected))
    return _compares(field.key, _COMPARISONS[operator_], expected)


def _is_opted_out(field: Field, value: str, opted_out: OptedOutNumbers) -> Predicate:
    """Match contacts by their opt-out. Each has a value, so ``Is`` with an empty value matches none."""
    if not value:
        return lambda document: False
    return opted_out.is_opted_out if _parse_value(field, value) else negated(opted_out.is_opted_out)


def _parse_value(field: Field, value: str) -> Value:
    """Convert a condition's value into the field's type."""
    try:
        parsed = replace(field, length=None).parse(value)
    except ValueError as error:
        hint = ", or relative to now, such as now-30d or now+6h" if field.type in _DATE_TYPES else ""
        raise ConditionError("value", f"{error}{hint}") from error
    if parsed is None:
        raise ConditionError("value", "must not be empty")
    return parsed


def _is_absent(key: FieldKey) -> Predicate:
    return lambda document: key not in document


def _is(key: FieldKey, expected: Value) -> Predicate:
    return lambda document: document.get(key) == expected


def _contains_all(key: FieldKey, expected: frozenset[str]) -> Predicate:
    return lambda document: expected.issubset(document.get(key, ()))


def _compares(key: FieldKey, compare: Callable[[Any, Any], bool], expected: Value) -> Predicate:
    def compares(document: Document) -> bool:
        value = document.get(key)
        return value is not None and compare(value, expected)

    return compares


def _text_is(key: FieldKey, expected: str) -> Predicate:
    fold = text.folding_for(expected)

    def text_is(document: Document) -> bool:
        value = document.get(key)
        return value is not None and fold(value) == expected

    return text_is


def _text_contains(key: FieldKey, expected: str) -> Predicate:
    fold = text.folding_for(expected)

    def text_contains(document: Document) -> bool:
        value = document.get(key)
        return value is not None and expected in fold(value)

    return text_contains


def _text_contains_or_is(field: Field, value: str) -> Predicate:
    """Match texts that contain a value, or that are the value in another spelling, such as another name of a time zone."""
    contains = _text_contains(field.key, text.comparison_key(value))
    try:
        same = str(_parse_value(field, value))
    except ConditionError:
        return contains
    return contains if contains({field.key: same}) else _either(contains, _text_is(field.key, text.comparison_key(same)))


def _identity_predicate(type_: IdentityType, operator_: Operator, value: str, region: str) -> Predicate:
    if not value:
        exists = _identity_contains(type_, "")
        return negated(exists) if operator_ is Operator.IS else exists
    if operator_ is Operator.CONTAINS:
        return _identity_contains_or_is(type_, value, region)
    try:
        # A national number matches its E.164 form.
        _, normalised_value = identities.normalise(type_, value, region)
    except ValueError as error:
        if type_ is IdentityType.EMAIL and not placeholders.is_placeholder(value):
            raise ConditionError("value", str(error)) from error
        return lambda document: False
    return _identity_is(type_, normalised_value)


def _identity_contains_or_is(type_: IdentityType, value: str, region: str) -> Predicate:
    """Match contacts with an identity that contains a value, or that is the value in another spelling, such as ``<a@b.co>``."""
    is_number = type_ in identities.PHONE_NUMBERS
    contains = _number_contains(type_, value, region) if is_number else _identity_contains(type_, text.comparison_key(value))
    try:
        shown, normalised_value = identities.normalise(type_, value, region)
    except ValueError:
        return contains
    is_contained = contains({"identities": [{"type": type_.value, "value": shown}]})
    return contains if is_contained else _either(contains, _identity_is(type_, normalised_value))


def _identity_is(type_: IdentityType, expected: str) -> Predicate:
    expected_type = type_.value

    def identity_is(document: Document) -> bool:
        for identity in document["identities"]:
            if (
                identity["type"] == expected_type
                and (identity.get("normal") or identity["value"]) == expected
                and "isDeleted" not in identity
            ):
                return True
        return False

    return identity_is


def _identity_contains(type_: IdentityType, expected: str) -> Predicate:
    expected_type, fold = type_.value, text.folding_for(expected)

    def identity_contains(document: Document) -> bool:
        for identity in document["identities"]:
            if identity["type"] == expected_type and expected in fold(identity["value"]) and "isDeleted" not in identity:
                return True
        return False

    return identity_contains


def _number_contains(type_: IdentityType, value: str, region: str) -> Predicate:
    """Match contacts of whose numbers one contains a value, either as text or as a part of a number."""
    expected_type, key, has_part = type_.value, text.comparison_key(value), phone_numbers.has_part(value, region)

    def number_contains(document: Document) -> bool:
        for identity in document["identities"]:
            if identity["type"] == expected_type and "isDeleted" not in identity:
                number = identity["value"]
                if has_part(number) or key in number.casefold():
                    return True
        return False

    return number_contains
