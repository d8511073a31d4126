"""Capacity units match the examples that AWS publishes."""

from __future__ import annotations

import pytest

from benchmarks.local_aws.capacity import Index, Item, item_size, read_units, write_units

KEYS_ONLY = Index("order", ("order_pk", "order_sk"), frozenset({"pk", "sk", "order_pk", "order_sk"}))


def item_of(size: int) -> Item:
    """An item with a size in bytes."""
    return {"pk": {"S": "x" * (size - 2)}}


@pytest.mark.parametrize(
    ("item", "size"),
    [
        ({"pk": {"S": "key"}}, 5),
        ({"é": {"S": "é"}}, 4),
        ({"n": {"N": "27"}}, 3),
        ({"n": {"N": "-27"}}, 4),
        ({"n": {"N": "1000"}}, 3),
        ({"n": {"N": "12345"}}, 5),
        ({"b": {"B": "AAEC"}}, 4),
        ({"b": {"BOOL": True}}, 2),
        ({"n": {"NULL": True}}, 2),
        ({"l": {"L": []}}, 4),
        ({"l": {"L": [{"S": "ab"}]}}, 7),
        ({"m": {"M": {"k": {"S": "ab"}}}}, 8),
    ],
)
def test_an_item_has_the_size_of_its_names_and_values(item: Item, size: int) -> None:
    """Developer guide, "DynamoDB item sizes and formats"."""
    assert item_size(item) == size


@pytest.mark.parametrize(
    ("size", "consistent", "units"),
    [(0, True, 1), (8_000, True, 2), (8_000, False, 1), (300, False, 0.5), (5_000, False, 1), (3_584, True, 1)],
)
def test_a_read_costs_a_unit_per_4_kb_and_half_if_eventually_consistent(size: int, consistent: bool, units: float) -> None:
    """Developer guide and pricing page: 8 KB cost two units or one, and 3.5 KB are rounded up to 4 KB."""
    assert read_units(size, consistent=consistent) == units


@pytest.mark.parametrize(
    ("size", "transactional", "units"), [(1_000, False, 1), (3_000, False, 3), (3_000, True, 6), (512, False, 1)]
)
def test_a_write_costs_a_unit_per_1_kb_and_twice_that_in_a_transaction(size: int, transactional: bool, units: int) -> None:
    """Pricing page: an item of 3 KB costs three units, or six in a transaction."""
    assert write_units(None, item_of(size), (), transactional=transactional) == units


def test_the_larger_of_the_two_states_counts() -> None:
    assert write_units(item_of(3_000), item_of(100), ()) == 3
    assert write_units(item_of(3_000), None, ()) == 3


@pytest.mark.parametrize(
    ("before", "after", "entries"),
    [
        (None, ("a", "1"), 1),
        (("a", "1"), ("a", "1"), 0),
        (("a", "1"), ("a", "2"), 2),
        (("a", "1"), None, 1),
        (None, None, 0),
    ],
)
def test_an_index_costs_units_for_its_changed_entries(
    before: tuple[str, str] | None, after: tuple[str, str] | None, entries: int
) -> None:
    """Developer guide, "Using Global Secondary Indexes": a changed key is a delete and a put; other attributes are free."""

    def item(keys: tuple[str, str] | None, note: str) -> Item:
        indexed = {"order_pk": {"S": keys[0]}, "order_sk": {"S": keys[1]}} if keys else {}
        return {"pk": {"S": "p"}, "sk": {"S": "s"}, "note": {"S": note}, **indexed}

    assert write_units(item(before, "old"), item(after, "new"), [KEYS_ONLY]) == 1 + entries
