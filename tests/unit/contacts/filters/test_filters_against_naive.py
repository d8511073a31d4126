"""A compiled filter decides like a naive evaluator, and evaluates no condition twice."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outreach import clock, text
from outreach.contacts.contact_documents import document_of
from outreach.contacts.filters import compiler
from outreach.contacts.filters.conditions import compile_condition
from outreach.contacts.filters.models import Condition, Filter, Match, Operator
from outreach.contacts.models import Contact, FieldKey, IdentityType
from tests.unit.contacts.examples import COLOURS, SITE_FIELDS, contact

# Few different values, so that conditions often match.
words = st.text("aAbBßéÉ \u00a0", max_size=4)
numbers = st.integers(-2, 2)
days = st.dates(date(2022, 5, 22), date(2022, 5, 24))
moments = st.integers(0, 48).map(lambda hours: datetime(2022, 5, 22, tzinfo=UTC) + timedelta(hours=hours))
addresses = st.sampled_from(["a@x.co", "B@x.co", "ab@x.co"])
text_operators = st.sampled_from([Operator.IS, Operator.IS_NOT, Operator.CONTAINS, Operator.DOES_NOT_CONTAIN])
number_operators = st.sampled_from([Operator.IS, Operator.IS_NOT, Operator.IS_MORE_THAN, Operator.IS_LESS_THAN])
date_operators = st.sampled_from([Operator.IS, Operator.IS_NOT, *list(Operator)[4:]])

contacts = st.builds(
    lambda name, emails, values: contact(name, *((IdentityType.EMAIL, email) for email in emails), **values),
    words.map(text.normalise),
    st.lists(addresses, max_size=2, unique=True),
    st.fixed_dictionaries(
        {},
        optional={
            "TEXT": words.map(text.normalise).filter(bool),
            "INTEGER": numbers,
            "DATE": days.map(date.isoformat),
            "DATE_TIME": moments.map(clock.timestamp),
            "CHECKBOX": st.booleans(),
            "CHECKBOX_LIST": st.lists(st.sampled_from(COLOURS), min_size=1, unique=True).map(
                lambda chosen: [colour for colour in COLOURS if colour in chosen]
            ),
        },
    ),
)
conditions = st.one_of(
    st.tuples(st.sampled_from(["name", "my text", "company"]), text_operators, words),
    st.tuples(st.just("email"), text_operators, addresses | st.just("")),
    st.tuples(st.just("my integer"), number_operators, numbers.map(str)),
    st.tuples(st.just("my date"), date_operators, days.map(date.isoformat)),
    st.tuples(st.sampled_from(["my date time", "createTime"]), date_operators, moments.map(datetime.isoformat)),
    st.tuples(st.just("my checkbox"), st.sampled_from([Operator.IS, Operator.IS_NOT]), st.sampled_from(["yes", "0"])),
    st.tuples(st.just("my checkboxlist"), text_operators, st.sampled_from(COLOURS)),
)
expressions = st.recursive(
    st.integers(0, 4).map(str),
    lambda inner: st.one_of(
        st.builds("{} {} {}".format, inner, st.sampled_from(["and", "or", "AND"]), inner),
        inner.map("not {}".format),
        inner.map("({})".format),
    ),
    max_leaves=12,
)


def naive(contact_filter: Filter, person: Contact) -> bool:
    results = {condition.order: holds(condition, person) for condition in contact_filter.conditions}
    if contact_filter.match is Match.ALL:
        return all(results.values())
    if contact_filter.match is Match.ANY:
        return any(results.values())
    # Python's operators have the same precedence.
    return bool(eval(re.sub(r"\d+", lambda number: str(results[int(number.group())]), contact_filter.expression.lower())))  # noqa: S307


def holds(condition: Condition, person: Contact) -> bool:
    positive = {Operator.IS_NOT: Operator.IS, Operator.DOES_NOT_CONTAIN: Operator.CONTAINS}.get(condition.operator)
    if positive:
        return not holds(Condition(condition.field_name, positive, condition.value), person)
    values = values_of(condition.field_name, person)
    if condition.operator is Operator.IS and not text.normalise(condition.value):
        return not values
    expected = typed(condition.field_name, condition.value)
    compare: dict[Operator, Callable[[Any], bool]] = {
        Operator.IS: lambda value: value == expected,
        Operator.CONTAINS: lambda value: expected <= value if isinstance(value, set) else expected in value,
        Operator.IS_MORE_THAN: lambda value: value > expected,
        Operator.AFTER: lambda value: value > expected,
        Operator.IS_LESS_THAN: lambda value: value < expected,
        Operator.BEFORE: lambda value: value < expected,
    }
    return any(compare[condition.operator](value) for value in values)


def values_of(name: str, person: Contact) -> list[Any]:
    if name == "email":
        return [identity.value.casefold() for identity in person.identities]
    if name in ("name", "createTime"):
        return [typed(name, person.name if name == "name" else person.create_time)]
    key = FieldKey(
        {"company": "company"}.get(
            name, name.removeprefix("my ").replace(" ", "_").upper().replace("CHECKBOXLIST", "CHECKBOX_LIST")
        )
    )
    return [typed(name, person.values[key])] if key in person.values else []


def typed(name: str, value: Any) -> Any:
    if name == "my checkboxlist":
        return set(value) if isinstance(value, list) else {value}
    if name == "my checkbox":
        return value in (True, "yes")
    if name in ("my date time", "createTime"):
        return datetime.fromisoformat(value)
    if name == "my integer":
        return int(value)
    return date.fromisoformat(value) if name == "my date" else text.comparison_key(value)


five_conditions = st.lists(conditions, min_size=5, max_size=5)


def numbered(given_conditions: list[tuple[str, Operator, str]]) -> tuple[Condition, ...]:
    return tuple(Condition(*condition, order) for order, condition in enumerate(given_conditions))


@given(five_conditions, st.sampled_from(list(Match)), expressions, contacts)
def test_a_compiled_filter_decides_like_the_naive_one(
    given_conditions: list[tuple[str, Operator, str]], match: Match, expression: str, person: Contact
) -> None:
    contact_filter = Filter(match, expression, numbered(given_conditions))
    assert compiler.compile_filter(contact_filter, SITE_FIELDS)(document_of(person)) is naive(contact_filter, person)


long_expressions = st.recursive(
    st.integers(0, 4).map(str),
    lambda inner: st.lists(inner, min_size=2, max_size=6).flatmap(
        lambda parts: st.sampled_from([" and ", " or ", " and not ", " or not "]).map(lambda word: f"({word.join(parts)})")
    ),
    max_leaves=60,
)


@settings(max_examples=300)
@given(five_conditions, long_expressions, contacts)
def test_a_condition_is_evaluated_at_most_once_for_each_contact(
    given_conditions: list[tuple[str, Operator, str]], expression: str, person: Contact
) -> None:
    contact_filter = Filter(Match.EXPRESSION, expression, numbered(given_conditions))
    evaluations: Counter[int] = Counter()

    def counted(condition: Condition, *arguments: Any, **options: Any) -> Callable[[Any], bool]:
        predicate = compile_condition(condition, *arguments, **options)

        def evaluate(document: Any) -> bool:
            evaluations[condition.order] += 1
            return bool(predicate(document))

        return evaluate

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiler, "compile_condition", counted)
        matches = compiler.compile_filter(contact_filter, SITE_FIELDS)
    assert matches(document_of(person)) is naive(contact_filter, person)
    assert set(evaluations.values()) <= {1}
