"""Groups of rows that share a key."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from outreach.imports.row_groups import group_rows

ROWS = st.lists(st.sets(st.integers(0, 12), max_size=3), max_size=12)


def test_rows_are_grouped_through_other_rows() -> None:
    assert group_rows([{"a"}, {"b"}, set(), {"a", "c"}, {"c", "b"}]) == [[0, 1, 3, 4], [2]]


@given(ROWS)
def test_every_row_is_in_one_group_and_groups_share_no_key(rows: list[set[int]]) -> None:
    groups = group_rows(rows)
    assert sorted(position for group in groups for position in group) == list(range(len(rows)))
    assert all(group == sorted(group) for group in groups)
    keys = [set[int]().union(*(rows[position] for position in group)) for group in groups]
    assert sum(map(len, keys)) == len(set[int]().union(*keys))


@given(ROWS)
def test_a_group_cannot_be_divided(rows: list[set[int]]) -> None:
    for group in group_rows(rows):
        reached, pending = set[int](), [group[0]]
        while pending:
            position = pending.pop()
            reached.add(position)
            pending += [other for other in group if other not in reached and rows[other] & rows[position]]
        assert reached == set(group)
