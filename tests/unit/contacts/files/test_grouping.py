"""Groups of rows that share something."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from outreach.contacts.files.grouping import groups

ROWS = st.lists(st.sets(st.integers(0, 12), max_size=3), max_size=12)


def test_rows_are_joined_through_others() -> None:
    assert groups([{"a"}, {"b"}, set(), {"a", "c"}, {"c", "b"}]) == [[0, 1, 3, 4], [2]]


@given(ROWS)
def test_every_row_is_in_one_group_and_groups_share_nothing(rows: list[set[int]]) -> None:
    found = groups(rows)
    assert sorted(place for group in found for place in group) == list(range(len(rows)))
    assert all(group == sorted(group) for group in found)
    keys = [set[int]().union(*(rows[place] for place in group)) for group in found]
    assert sum(map(len, keys)) == len(set[int]().union(*keys))


@given(ROWS)
def test_a_group_cannot_be_divided(rows: list[set[int]]) -> None:
    for group in groups(rows):
        reached, pending = set[int](), [group[0]]
        while pending:
            place = pending.pop()
            reached.add(place)
            pending += [other for other in group if other not in reached and rows[other] & rows[place]]
        assert reached == set(group)
