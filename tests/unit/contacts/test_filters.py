"""Filters (contract, Filters)."""

from __future__ import annotations

import pytest

from outreach.contacts import filters
from outreach.contacts.conditions import Condition, Operator
from outreach.contacts.documents import Document, document_of
from outreach.contacts.filters import Filter, Match
from outreach.contacts.models import IdentityType
from outreach.errors import ValidationFailed
from tests.unit.contacts.examples import SCHEMA, contact, document, identity

EMAIL, SMS = IdentityType.EMAIL, IdentityType.SMS
TOM = document(
    "Tom Cruise",
    (EMAIL, "Tom@Example.com"),
    (EMAIL, "second@example.org"),
    (SMS, "(212) 555-0123"),
    firstName="Tom",
    TEXT="Straße 7",
    INTEGER=5,
    FLOAT=2.5,
    DATE="2022-05-23",
    DATE_TIME="2022-05-23T12:00:00.000Z",
    CHECKBOX=True,
    RADIO="Red",
    CHECKBOX_LIST=["Red", "Blue, light"],
)
NOBODY = document("")


def decide(field: str, operator: str, value: str, of: Document = TOM) -> bool:
    return filters.compile(Filter(conditions=(Condition(field, Operator(operator), value),)), SCHEMA)(of)


TRUE_OF_TOM = [
    ("name", "Is", "tom cruise"),
    ("NAME", "Contains", "CRUISE"),
    ("firstName", "Is", "TOM"),
    ("firstName", "Is Not", "Tim"),
    ("my text", "Contains", "STRASSE"),
    ("company", "Is Not", "Comm100"),
    ("company", "Does Not Contain", "Comm100"),
    ("company", "Is", ""),
    ("my text", "Is Not", ""),
    ("my integer", "Is", "5"),
    ("my integer", "Is More Than", "4"),
    ("my integer", "Is Less Than", " 6 "),
    ("my float", "Is", "2.50"),
    ("my float", "Is Less Than", "2.51"),
    ("my date", "After", "2022-05-22"),
    ("my date", "Is More Than", "2022-05-22"),
    ("my date", "Before", "2022-05-24"),
    ("my date", "Is", "2022-05-23"),
    ("my date time", "Is", "2022-05-23T14:00+02:00"),
    ("my date time", "After", "2022-05-23 11:59:59"),
    ("createTime", "Before", "2022-05-24"),
    ("lastUpdatedTime", "Is", "2022-05-24"),
    ("my checkbox", "Is", "yes"),
    ("my checkbox", "Is Not", "false"),
    ("my radio", "Is", "RED"),
    ("my checkboxlist", "Contains", "red"),
    ("my checkboxlist", "Contains", "Blue, light"),
    ("my checkboxlist", "Does Not Contain", "Dark green"),
    ("my checkboxlist", "Is Not", "Red"),
    ("email", "Is", "tom@example.COM"),
    ("email", "Contains", "EXAMPLE.ORG"),
    ("email", "Does Not Contain", "gmail"),
    ("SMS", "Is", "+1 212 555 0123"),
    ("sms", "Contains", "2125550"),
    ("whatsApp", "Is", ""),
    ("telegram", "Is Not", "tom"),
    ("id", "Is", TOM["id"].upper()),
]


@pytest.mark.parametrize(("field", "operator", "value"), TRUE_OF_TOM)
def test_a_condition_that_holds(field: str, operator: str, value: str) -> None:
    assert decide(field, operator, value)


@pytest.mark.parametrize(
    ("field", "operator", "value"),
    [
        ("name", "Is", "Tom"),
        ("my text", "Contains", "8"),
        ("company", "Is", "Comm100"),
        ("company", "Contains", ""),
        ("my integer", "Is More Than", "5"),
        ("my integer", "Is Less Than", "5"),
        ("my date", "Before", "2022-05-23"),
        ("my date", "After", "2022-05-23"),
        ("my date time", "After", "2022-05-23T12:00Z"),
        ("my checkboxlist", "Is", "Red"),
        ("my checkboxlist", "Contains", "Dark green"),
        ("my checkboxlist", "Contains", "red,dark green"),
        ("email", "Is Not", "second@example.org"),
        ("email", "Does Not Contain", "second"),
        ("email", "Is", ""),
        ("SMS", "Is", "+12125550124"),
    ],
)
def test_a_condition_that_does_not_hold(field: str, operator: str, value: str) -> None:
    assert not decide(field, operator, value)


@pytest.mark.parametrize("field", ["company", "my integer", "my date", "my checkbox", "my checkboxlist", "email"])
def test_without_a_value_only_negations_hold(field: str) -> None:
    value = {"my integer": "1", "my date": "2022-05-23", "my checkbox": "true", "my checkboxlist": "Red", "email": "a@b.co"}.get(
        field, "a"
    )
    assert decide(field, "Is Not", value, NOBODY)
    assert not decide(field, "Is", value, NOBODY)


def test_a_deleted_identity_is_none() -> None:
    tom = contact("Tom")
    gone = document_of(type(tom)(**vars(tom) | {"identities": (identity(EMAIL, "tom@example.com", is_deleted=True),)}))
    assert not decide("email", "Is", "tom@example.com", gone)
    assert decide("email", "Is", "", gone)


def condition(field: str = "name", operator: str = "Is", value: str = "Tom", order: int = 1) -> Condition:
    return Condition(field, Operator(operator), value, order)


@pytest.mark.parametrize(
    ("faulty", "pointer"),
    [
        (condition("nickname"), "fieldName"),
        (condition("name", "Is More Than"), "operator"),
        (condition("my integer", "Contains", "5"), "operator"),
        (condition("my integer", "Before", "5"), "operator"),
        (condition("my checkbox", "Is Less Than", "true"), "operator"),
        (condition("email", "After", "2022-05-23"), "operator"),
        (condition("my integer", "Is", "five"), "value"),
        (condition("my integer", "Is More Than", ""), "value"),
        (condition("my float", "Is", "nan"), "value"),
        (condition("my date", "Before", "tomorrow"), "value"),
        (condition("my checkbox", "Is", "maybe"), "value"),
        (condition("my checkboxlist", "Contains", "Yellow"), "value"),
    ],
)
def test_a_wrong_condition_is_pointed_at(faulty: Condition, pointer: str) -> None:
    with pytest.raises(ValidationFailed) as error:
        filters.compile(Filter(conditions=(condition(), faulty)), SCHEMA, "/contactFilter")
    assert [entry.pointer for entry in error.value.errors] == [f"/contactFilterConditions/1/{pointer}"]


def test_all_wrong_conditions_are_pointed_at_at_once() -> None:
    with pytest.raises(ValidationFailed) as error:
        filters.compile(Filter(conditions=(condition("a"), condition(), condition("b"))), SCHEMA)
    assert [entry.pointer for entry in error.value.errors] == ["/filterConditions/0/fieldName", "/filterConditions/2/fieldName"]


TOM_1, TIM_2, TEXT_3 = condition(value="Tom Cruise"), condition(value="Tim", order=2), condition("my text", "Contains", "7", 3)


@pytest.mark.parametrize(
    ("wanted", "holds"),
    [
        (Filter(), True),
        (Filter(Match.ANY), True),
        (Filter(Match.EXPRESSION), True),
        (Filter(Match.ALL, "", (TOM_1, TEXT_3)), True),
        (Filter(Match.ALL, "", (TOM_1, TIM_2)), False),
        (Filter(Match.ANY, "", (TIM_2, TEXT_3)), True),
        (Filter(Match.ANY, "", (TIM_2,)), False),
        (Filter(Match.EXPRESSION, "1 and (2 or not 3)", (TOM_1, TIM_2, TEXT_3)), False),
        (Filter(Match.EXPRESSION, "1 and (2 or 3)", (TOM_1, TIM_2, TEXT_3)), True),
        (Filter(Match.EXPRESSION, "not 2", (TOM_1, TIM_2)), True),
    ],
)
def test_conditions_are_joined(wanted: Filter, holds: bool) -> None:
    assert filters.compile(wanted, SCHEMA)(TOM) is holds


@pytest.mark.parametrize(
    ("expression", "conditions"),
    [("1 and 9", (TOM_1,)), ("(1", (TOM_1,)), ("", (TOM_1,)), ("1", ())],
)
def test_a_wrong_expression_is_pointed_at(expression: str, conditions: tuple[Condition, ...]) -> None:
    with pytest.raises(ValidationFailed) as error:
        filters.compile(Filter(Match.EXPRESSION, expression, conditions), SCHEMA)
    assert error.value.errors[0].pointer == "/filterLogicalExpresssion"


@pytest.mark.parametrize(("count", "allowed"), [(250, True), (251, False)])
def test_250_conditions_are_the_limit(count: int, allowed: bool) -> None:
    wanted = Filter(conditions=(TOM_1,) * count)
    if allowed:
        assert filters.compile(wanted, SCHEMA)(TOM)
    else:
        with pytest.raises(ValidationFailed):
            filters.compile(wanted, SCHEMA)


def test_an_expression_needs_conditions_with_different_orders() -> None:
    with pytest.raises(ValidationFailed) as error:
        filters.compile(Filter(Match.EXPRESSION, "1", (TOM_1, TOM_1)), SCHEMA)
    assert error.value.errors[0].pointer == "/filterConditions"


@pytest.mark.parametrize("nesting", ["(" * 100 + "1" + ")" * 100, "not " * 100 + "1"])
def test_the_deepest_expression_can_be_evaluated(nesting: str) -> None:
    assert filters.compile(Filter(Match.EXPRESSION, nesting, (TOM_1,)), SCHEMA)(TOM)
