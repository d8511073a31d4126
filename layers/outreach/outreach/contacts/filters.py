"""Filters over contacts: conditions by field, joined by all, any or a logical expression.

A filter is checked and compiled once, into one function from a contact's document (see ``documents``) to yes or no. Nothing of
a contact is built for it, so that a scan pays for little more than decoding.

Rules: contract, Filters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from outreach.contacts.conditions import Condition, ConditionError, Predicate, compile_condition, negated
from outreach.contacts.documents import Document
from outreach.contacts.expression import And, Expression, ExpressionError, Not, operands, parse
from outreach.contacts.fields import Schema
from outreach.errors import FieldError, ValidationFailed

MAX_CONDITIONS = 250


class Match(StrEnum):
    """How conditions are joined; the values are the specification's."""

    ALL = "all"
    ANY = "any"
    EXPRESSION = "logicalExpression"


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
            tests.append(compile_condition(condition, schema))
        except ConditionError as wrong:
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
        return negated(_compiled(expression.operand, by_order))
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
