"""Compiled filters (docs/api.md, "Filters")."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from outreach import clock
from outreach.contacts.contact_documents import Document, document_of
from outreach.contacts.field_values import FieldType
from outreach.contacts.filters import compiler
from outreach.contacts.filters.models import Condition, Filter, Match, Operator
from outreach.contacts.models import IdentityType
from outreach.errors import ValidationFailed
from tests.unit.contacts.examples import SITE_FIELDS, contact, document, identity

EMAIL, SMS = IdentityType.EMAIL, IdentityType.SMS
TOM = document(
    "Tom Cruise",
    (EMAIL, "Tom@Example.com"),
    (EMAIL, "second@example.org"),
    (SMS, "(212) 555-0123"),
    (IdentityType.EXTERNAL_ID, "Ab-1"),
    firstName="Tom",
    TEXT="Straße 7",
    EMAIL="tom@example.com",
    INTEGER=5,
    FLOAT=2.5,
    DATE="2022-05-23",
    DATE_TIME="2022-05-23T12:00:00.000Z",
    CHECKBOX=True,
    RADIO="Red",
    timeZone="Asia/Kolkata",
    CHECKBOX_LIST=["Red", "Blue, light"],
)
WITHOUT_VALUES = document("")


def matches(field: str, operator: str, value: str, contact_document: Document = TOM) -> bool:
    return compiler.compile_filter(Filter(conditions=(Condition(field, Operator(operator), value),)), SITE_FIELDS)(
        contact_document
    )


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
    ("timeZone", "Is", "asia/calcutta"),
    ("timeZone", "Is", "India Standard Time"),
    ("timeZone", "Contains", "kolkata"),
    ("my checkboxlist", "Contains", "red"),
    ("my checkboxlist", "Contains", "Blue, light"),
    ("my checkboxlist", "Does Not Contain", "Dark green"),
    ("my checkboxlist", "Is Not", "Red"),
    ("email", "Is", "tom@example.COM"),
    ("email", "Contains", "EXAMPLE.ORG"),
    ("email", "Does Not Contain", "gmail"),
    ("SMS", "Is", "+1 212 555 0123"),
    ("sms", "Contains", "2125550"),
    ("sms", "Contains", "(212) 555"),
    ("sms", "Contains", "001 212-555"),
    ("sms", "Contains", "555/01"),
    ("sms", "Does Not Contain", "555 02"),
    ("externalID", "Does Not Contain", "A b"),
    ("whatsApp", "Is", ""),
    ("telegram", "Is Not", "tom"),
    ("id", "Is", TOM["id"].upper()),
    (" First\u200bName ", "Is", "TOM\ufeff"),
    ("name", "Is", "tom\u00a0 cruise"),
    ("name", "Contains", "M  c"),
    ("name", "Contains", " tom "),
    ("name", "Is Not", "tomcruise"),
    ("externalID", "Is", "Ab\u200b-1"),
    ("externalID", "Is Not", "aB-1"),
    ("externalID", "Contains", "AB"),
    ("SMS", "Is Not", "n/a"),
    ("SMS", "Is Not", "call me"),
    ("email", "Is Not", "#N/A"),
    ("email", "Contains", "mailto:<TOM@example.com>;"),
    ("my email", "Contains", "<Tom@Example.com>"),
    ("SMS", "Contains", "+1 212 555 0123 ext. 9"),
    ("SMS", "Contains", "2125550123.0"),
    ("timeZone", "Contains", "Asia/Calcutta"),
    ("timeZone", "Contains", "India Standard Time"),
]


@pytest.mark.parametrize(("field", "operator", "value"), TRUE_OF_TOM)
def test_a_condition_matches(field: str, operator: str, value: str) -> None:
    assert matches(field, operator, value)


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
        ("email", "Does Not Contain", "<Tom@Example.com>"),
        ("SMS", "Does Not Contain", "+1 212 555 0123 ext. 9"),
        ("email", "Is", ""),
        ("SMS", "Is", "+12125550124"),
        ("SMS", "Is", "n/a"),
        ("SMS", "Is", "+12125550123 Tom"),
        ("email", "Is", "-"),
        ("externalID", "Is", "0"),
    ],
)
def test_a_condition_does_not_match(field: str, operator: str, value: str) -> None:
    assert not matches(field, operator, value)


@pytest.mark.parametrize("field", ["company", "my integer", "my date", "my checkbox", "my checkboxlist", "email"])
def test_only_negations_match_a_missing_value(field: str) -> None:
    value = {"my integer": "1", "my date": "2022-05-23", "my checkbox": "true", "my checkboxlist": "Red", "email": "a@b.co"}.get(
        field, "a"
    )
    assert matches(field, "Is Not", value, WITHOUT_VALUES)
    assert not matches(field, "Is", value, WITHOUT_VALUES)


def test_a_deleted_identity_does_not_match() -> None:
    tom = contact("Tom")
    without_identity = document_of(
        type(tom)(**vars(tom) | {"identities": (identity(EMAIL, "tom@example.com", is_deleted=True),)})
    )
    assert not matches("email", "Is", "tom@example.com", without_identity)
    assert matches("email", "Is", "", without_identity)


def condition(field: str = "name", operator: str = "Is", value: str = "Tom", order: int = 1) -> Condition:
    return Condition(field, Operator(operator), value, order)


@pytest.mark.parametrize(
    ("invalid", "pointer"),
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
        (condition("email", "Is", "tom"), "value"),
    ],
)
def test_an_invalid_condition_is_reported_with_its_pointer(invalid: Condition, pointer: str) -> None:
    with pytest.raises(ValidationFailed) as error:
        compiler.compile_filter(Filter(conditions=(condition(), invalid)), SITE_FIELDS, "/contactFilter")
    assert [entry.pointer for entry in error.value.errors] == [f"/contactFilterConditions/1/{pointer}"]


@pytest.mark.parametrize("type_", [FieldType.EMAIL, FieldType.URL, FieldType.TIMEZONE, FieldType.RADIO, FieldType.DROPDOWN_LIST])
def test_a_text_that_no_value_of_the_type_equals_is_refused_but_may_be_contained(type_: FieldType) -> None:
    name = f"my {type_}"
    for operator in ("Contains", "Does Not Contain"):
        compiler.compile_filter(Filter(conditions=(condition(name, operator, "re"),)), SITE_FIELDS)
    for operator in ("Is", "Is Not"):
        with pytest.raises(ValidationFailed) as error:
            compiler.compile_filter(Filter(conditions=(condition(name, operator, "re"),)), SITE_FIELDS)
        assert [entry.pointer for entry in error.value.errors] == ["/filterConditions/0/value"]


def test_all_invalid_conditions_are_reported_at_once() -> None:
    with pytest.raises(ValidationFailed) as error:
        compiler.compile_filter(Filter(conditions=(condition("a"), condition(), condition("b"))), SITE_FIELDS)
    assert [entry.pointer for entry in error.value.errors] == ["/filterConditions/0/fieldName", "/filterConditions/2/fieldName"]


TOM_1, TIM_2, TEXT_3 = condition(value="Tom Cruise"), condition(value="Tim", order=2), condition("my text", "Contains", "7", 3)


@pytest.mark.parametrize(
    ("contact_filter", "expected"),
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
def test_conditions_are_combined(contact_filter: Filter, expected: bool) -> None:
    assert compiler.compile_filter(contact_filter, SITE_FIELDS)(TOM) is expected


@pytest.mark.parametrize(
    ("expression", "conditions"),
    [("1 and 9", (TOM_1,)), ("(1", (TOM_1,)), ("", (TOM_1,))],
)
def test_an_invalid_expression_is_reported_with_its_pointer(expression: str, conditions: tuple[Condition, ...]) -> None:
    with pytest.raises(ValidationFailed) as error:
        compiler.compile_filter(Filter(Match.EXPRESSION, expression, conditions), SITE_FIELDS)
    assert error.value.errors[0].pointer == "/filterLogicalExpresssion"


def test_an_expression_without_conditions_is_the_fault_of_the_conditions_which_an_update_has_cleared() -> None:
    with pytest.raises(ValidationFailed) as error:
        compiler.compile_filter(Filter(Match.EXPRESSION, "1", ()), SITE_FIELDS, "/contactFilter")
    assert [(entry.pointer, "set contactFilterConditionMetType to all" in entry.message) for entry in error.value.errors] == [
        ("/contactFilterConditions", True)
    ]


@pytest.mark.parametrize(("count", "allowed"), [(250, True), (251, False)])
def test_a_filter_has_at_most_250_conditions(count: int, allowed: bool) -> None:
    contact_filter = Filter(conditions=(TOM_1,) * count)
    if allowed:
        assert compiler.compile_filter(contact_filter, SITE_FIELDS)(TOM)
    else:
        with pytest.raises(ValidationFailed):
            compiler.compile_filter(contact_filter, SITE_FIELDS)


def test_the_conditions_of_an_expression_must_have_different_orders() -> None:
    with pytest.raises(ValidationFailed) as error:
        compiler.compile_filter(Filter(Match.EXPRESSION, "1", (TOM_1, TOM_1)), SITE_FIELDS)
    assert error.value.errors[0].pointer == "/filterConditions"


@pytest.mark.parametrize("nesting", ["(" * 100 + "1" + ")" * 100, "not " * 100 + "1"])
def test_the_deepest_expression_can_be_evaluated(nesting: str) -> None:
    assert compiler.compile_filter(Filter(Match.EXPRESSION, nesting, (TOM_1,)), SITE_FIELDS)(TOM)


NOW = datetime(2024, 3, 31, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("now", "2024-03-31T12:30:00.000Z"),
        ("now-30d", "2024-03-01T12:30:00.000Z"),
        ("now+6h", "2024-03-31T18:30:00.000Z"),
        (" NOW - 2 W ", "2024-03-17T12:30:00.000Z"),
        ("now-1m", "2024-02-29T12:30:00.000Z"),
        ("now+1m", "2024-04-30T12:30:00.000Z"),
        ("now-13m", "2023-02-28T12:30:00.000Z"),
        ("now+10y", "2034-03-31T12:30:00.000Z"),
        ("now-0d", "2024-03-31T12:30:00.000Z"),
        ("now+999999999y", "9999-12-31T23:59:59.999Z"),
        ("now-999999999h", "0001-01-01T00:00:00.000Z"),
    ],
)
def test_a_relative_date_is_the_same_as_its_moment(value: str, moment: str) -> None:
    for field, key, expected in (("my date time", "DATE_TIME", moment), ("my date", "DATE", moment[:10])):
        person = document("Tom", **{key: expected})
        for operator, is_true in (("Is", True), ("Is Not", False), ("After", False), ("Before", False)):
            relative = Filter(conditions=(condition(field, operator, value),))
            assert compiler.compile_filter(relative, SITE_FIELDS, now=NOW)(person) is is_true, (field, operator)


def test_without_another_moment_now_is_when_the_filter_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    assert matches("createTime", "Before", "now-1y")
    assert not matches("createTime", "After", "now-1y")


@pytest.mark.parametrize("value", ["now-30", "now-30min", "now30d", "now--3d", "today", "now-1.5d", "now+1000000000d", "now-٣d"])
def test_what_is_almost_a_relative_date_is_refused_with_the_right_form(value: str) -> None:
    with pytest.raises(ValidationFailed, match="now-30d"):
        matches("createTime", "After", value)


def test_only_dates_are_relative() -> None:
    assert matches("my text", "Is", "now-30d", document(TEXT="now-30d"))
    with pytest.raises(ValidationFailed):
        matches("my integer", "Is", "now")


@pytest.mark.parametrize(
    ("text", "count", "allowed"),
    [("x" * 406, 249, True), ("x" * 410, 250, False), ("ß" * 204, 250, False), ("x" * 2_000, 50, True), ("x" * 2_000, 52, False)],
)
def test_field_names_and_values_together_have_at_most_100_kb(text: str, count: int, allowed: bool) -> None:
    contact_filter = Filter(conditions=(condition(value=text),) * count)
    if allowed:
        assert not compiler.compile_filter(contact_filter, SITE_FIELDS)(TOM)
    else:
        with pytest.raises(ValidationFailed, match="102,400 bytes") as error:
            compiler.compile_filter(contact_filter, SITE_FIELDS, "/contactFilter")
        assert error.value.errors[0].pointer == "/contactFilterConditions"
