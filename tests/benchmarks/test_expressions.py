"""The simulated DynamoDB evaluates expressions as DynamoDB does."""

from __future__ import annotations

import pytest

from benchmarks.local_aws import expressions
from benchmarks.local_aws.capacity import Item

ITEM: Item = {"pk": {"S": "a"}, "n": {"N": "10"}, "claim": {"M": {"state": {"S": "free"}, "attempt": {"N": "1"}}}}
VALUES = {
    ":a": {"S": "a"},
    ":b": {"S": "b"},
    ":two": {"N": "2"},
    ":nine": {"N": "9"},
    ":ten": {"N": "10.0"},
    ":free": {"S": "free"},
}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("attribute_exists(pk)", True),
        ("attribute_not_exists(pk)", False),
        ("pk = :a AND n > :nine", True),
        ("n < :nine", False),
        ("n = :ten", True),
        ("n > :two", True),
        ("pk <> :b", True),
        ("missing <> :b", True),
        ("missing = :b", False),
        ("pk > :nine", False),
        ("pk IN (:b, :a)", True),
        ("n BETWEEN :two AND :nine", False),
        ("n BETWEEN :two AND :ten", True),
        ("begins_with(pk, :a)", True),
        ("NOT pk = :a OR (pk = :a AND #c.#s = :free)", True),
        ("pk = :b AND pk = :a OR n = :ten", True),
    ],
)
def test_a_condition_is_evaluated(text: str, holds: bool) -> None:
    assert expressions.condition(text, (("#c", "claim"), ("#s", "state")))(ITEM, VALUES) is holds


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("SET pk = :b", {"pk": {"S": "b"}}),
        ("SET n = n + :two", {"n": {"N": "12"}}),
        ("SET n = n - :two REMOVE pk", {"n": {"N": "8"}, "pk": None}),
        ("SET m = if_not_exists(m, :a), n = if_not_exists(n, :two)", {"m": {"S": "a"}}),
        ("ADD n :two", {"n": {"N": "12"}}),
        ("ADD m :two", {"m": {"N": "2"}}),
        ("SET pk = :b, m = pk", {"pk": {"S": "b"}, "m": {"S": "a"}}),
        ("SET claim.#s = :b", {"claim": {"M": {"state": {"S": "b"}, "attempt": {"N": "1"}}}}),
    ],
)
def test_an_update_changes_only_the_attributes_that_it_names(text: str, changed: Item) -> None:
    before = dict(ITEM)
    after = expressions.update(text, (("#s", "state"),))(ITEM, VALUES)
    expected = {name: value for name, value in {**before, **changed}.items() if value is not None}
    assert (after, ITEM) == (expected, before)


def test_an_unsupported_expression_is_refused() -> None:
    with pytest.raises(NotImplementedError):
        expressions.condition("size(pk) > :two")
