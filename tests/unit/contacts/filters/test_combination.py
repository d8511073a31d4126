"""Evaluation of expressions that repeat their conditions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from outreach.contacts.contact_documents import Document
from outreach.contacts.filters import combination
from outreach.contacts.filters.conditions import Predicate
from outreach.contacts.filters.expression import parse


@pytest.fixture
def evaluations() -> Counter[int]:
    """How often each condition was evaluated."""
    return Counter()


@pytest.fixture
def evaluate(evaluations: Counter[int]) -> Callable[[str, set[int]], bool]:
    """Evaluate an expression, given the conditions that are true."""

    def condition(order: int) -> Predicate:
        def is_true(document: Document) -> bool:
            evaluations[order] += 1
            return order in document["true"]

        return is_true

    by_order = {order: condition(order) for order in range(1, 251)}
    return lambda text, true: combination.by_expression(parse(text), by_order)({"true": true})


def test_an_expression_of_two_thousand_operands_evaluates_its_conditions_once(
    evaluate: Callable[[str, set[int]], bool], evaluations: Counter[int]
) -> None:
    pairs = [f"({first} or {first % 40 + 1})" for first in range(1, 41)]
    text = " and ".join(pairs * 15)
    assert text.count("or") * 2 == 1_200
    assert evaluate(text, set(range(1, 41)))
    assert not evaluate(text, set())
    assert evaluate(" and ".join(["1"] * 1_400), {1})
    evaluations.clear()
    evaluate(text, set(range(1, 41, 2)))
    assert set(evaluations.values()) == {1}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("1 and not 1", False),
        ("1 or not 1", True),
        ("2 or (1 and not 1)", False),
        ("2 or (1 or not 1)", True),
        ("not (1 and not 1) and (2 or not 2)", True),
        ("(1 and not 1) or (2 and not 2)", False),
    ],
)
def test_a_constant_expression_evaluates_no_condition(
    evaluate: Callable[[str, set[int]], bool], evaluations: Counter[int], text: str, result: bool
) -> None:
    assert evaluate(text, set()) is result
    assert evaluations[1] == 0


def test_an_operand_that_decides_is_the_last_one_evaluated(
    evaluate: Callable[[str, set[int]], bool], evaluations: Counter[int]
) -> None:
    assert not evaluate("1 and (2 or 3 and 4)", {2, 3, 4})
    assert evaluations == {1: 1}
