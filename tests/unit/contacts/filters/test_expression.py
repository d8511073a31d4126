"""Logical expressions (docs/api.md, "Filters")."""

from __future__ import annotations

import pytest

from outreach.contacts.filters.expression import And, Expression, ExpressionError, Not, Or, operands, parse


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("1", 1),
        ("1 and 2 and 3", And((1, 2, 3))),
        ("1 or 2 and 3", Or((1, And((2, 3))))),
        ("1 and 2 or 3", Or((And((1, 2)), 3))),
        ("not 1 and 2", And((Not(1), 2))),
        ("not not 1", Not(Not(1))),
        ("1 AND (2 Or nOt 3)", And((1, Or((2, Not(3)))))),
        ("((1))or(2)", Or((1, 2))),
        ("  007\n", 7),
    ],
)
def test_not_binds_tighter_than_and_and_and_tighter_than_or(text: str, expression: Expression) -> None:
    assert parse(text) == expression


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is incomplete"),
        ("1 and", "is incomplete"),
        ("(1", "is incomplete"),
        ("1)", "has an unexpected )"),
        ("()", "has an unexpected )"),
        ("1 2", "has an unexpected 2 at character 3"),
        ("and 1", "has an unexpected and at character 1"),
        ("1 not 2", "has an unexpected not"),
        ("1 xor 2", "character 2 starts"),
        ("1 and -2", "character 6 starts"),
        ("1 andy 2", "character 2 starts"),
        ("١", "character 1 starts"),
        ("1" * 10_001, "10,000 characters"),
        ("1" * 5_000, "has an unexpected 1"),
        ("(" * 101 + "1" + ")" * 101, "deeper than 100"),
        ("not " * 101 + "1", "deeper than 100"),
    ],
)
def test_a_text_that_is_not_an_expression_is_refused_with_the_position(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as error:
        parse(text)
    assert message in str(error.value)


@pytest.mark.parametrize("text", ["(" * 100 + "1" + ")" * 100, "not " * 100 + "1", " and ".join(["1"] * 1400)])
def test_an_expression_at_the_limits_is_allowed(text: str) -> None:
    assert operands(parse(text)) == {1}


def test_operands_returns_all_numbers_of_an_expression() -> None:
    assert operands(parse("1 and (2 or not 3) or 2")) == {1, 2, 3}
