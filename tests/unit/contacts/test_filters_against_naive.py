"""The compiled filter decides like an evaluator that is written down as naively as possible."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from outreach import clock
from outreach.contacts import filters
from outreach.contacts.conditions import Condition, Operator
from outreach.contacts.documents import document_of
from outreach.contacts.filters import Filter, Match
from outreach.contacts.models import Contact, FieldKey, IdentityType
from tests.unit.contacts.examples import COLOURS, SCHEMA, contact

# Small worlds, so that values meet.
words = st.text("aAbBß ", max_size=3)
numbers = st.integers(-2, 2)
days = st.dates(date(2022, 5, 22), date(2022, 5, 24))
moments = st.integers(0, 48).map(lambda hours: datetime(2022, 5, 22, tzinfo=UTC) + timedelta(hours=hours))
addresses = st.sampled_from(["a@x.co", "B@x.co", "ab@x.co"])
text_operators = st.sampled_from([Operator.IS, Operator.IS_NOT, Operator.CONTAINS, Operator.DOES_NOT_CONTAIN])
number_operators = st.sampled_from([Operator.IS, Operator.IS_NOT, Operator.IS_MORE_THAN, Operator.IS_LESS_THAN])
date_operators = st.sampled_from([Operator.IS, Operator.IS_NOT, *list(Operator)[4:]])

contacts = st.builds(
    lambda name, emails, values: contact(name, *((IdentityType.EMAIL, email) for email in emails), **values),
    words,
    st.lists(addresses, max_size=2, unique=True),
    st.fixed_dictionaries(
        {},
        optional={
            "TEXT": words.filter(str.strip),
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


def naive(wanted: Filter, of: Contact) -> bool:
    results = {condition.order: holds(condition, of) for condition in wanted.conditions}
    if wanted.match is Match.ALL:
        return all(results.values())
    if wanted.match is Match.ANY:
        return any(results.values())
    # Python's words have the same precedence.
    return bool(eval(re.sub(r"\d+", lambda number: str(results[int(number.group())]), wanted.expression.lower())))  # noqa: S307


def holds(condition: Condition, of: Contact) -> bool:
    positive = {Operator.IS_NOT: Operator.IS, Operator.DOES_NOT_CONTAIN: Operator.CONTAINS}.get(condition.operator)
    if positive:
        return not holds(Condition(condition.field_name, positive, condition.value), of)
    values = values_of(condition.field_name, of)
    if condition.operator is Operator.IS and not condition.value.strip():
        return not values
    wanted = typed(condition.field_name, condition.value)
    compare: dict[Operator, Callable[[Any], bool]] = {
        Operator.IS: lambda value: value == wanted,
        Operator.CONTAINS: lambda value: wanted <= value if isinstance(value, set) else wanted in value,
        Operator.IS_MORE_THAN: lambda value: value > wanted,
        Operator.AFTER: lambda value: value > wanted,
        Operator.IS_LESS_THAN: lambda value: value < wanted,
        Operator.BEFORE: lambda value: value < wanted,
    }
    return any(compare[condition.operator](value) for value in values)


def values_of(name: str, of: Contact) -> list[Any]:
    if name == "email":
        return [identity.value.casefold() for identity in of.identities]
    if name in ("name", "createTime"):
        return [typed(name, of.name if name == "name" else of.create_time)]
    key = FieldKey(
        {"company": "company"}.get(
            name, name.removeprefix("my ").replace(" ", "_").upper().replace("CHECKBOXLIST", "CHECKBOX_LIST")
        )
    )
    return [typed(name, of.values[key])] if key in of.values else []


def typed(name: str, value: Any) -> Any:
    if name == "my checkboxlist":
        return set(value) if isinstance(value, list) else {value}
    if name == "my checkbox":
        return value in (True, "yes")
    if name in ("my date time", "createTime"):
        return datetime.fromisoformat(value)
    if name == "my integer":
        return int(value)
    return date.fromisoformat(value) if name == "my date" else value.casefold()


@given(st.lists(conditions, min_size=5, max_size=5), st.sampled_from(list(Match)), expressions, contacts)
def test_a_compiled_filter_decides_like_the_naive_one(
    given_conditions: list[tuple[str, Operator, str]], match: Match, expression: str, of: Contact
) -> None:
    numbered = tuple(Condition(*condition, order) for order, condition in enumerate(given_conditions))
    wanted = Filter(match, expression, numbered)
    assert filters.compile(wanted, SCHEMA)(document_of(of)) is naive(wanted, of)
