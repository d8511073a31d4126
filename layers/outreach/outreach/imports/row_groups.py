"""Groups rows that must be imported one after another, as they may concern the same contact."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence


def group_rows(keys: Sequence[Collection[Hashable]]) -> list[list[int]]:
    """Group rows that share a key directly or through other rows (union-find).

    If row 0 has the keys a and b, row 1 has b and c, and row 2 has c, all three form one group.

    Args:
        keys: the keys of each row. A row without keys forms its own group.

    Returns:
        The groups; each holds the positions of its rows in ascending order.
    """
    parents = list(range(len(keys)))

    def root(position: int) -> int:
        while parents[position] != position:
            parents[position] = parents[parents[position]]
            position = parents[position]
        return position

    first_with_key: dict[Hashable, int] = {}
    for position, row_keys in enumerate(keys):
        for key in row_keys:
            parents[root(position)] = root(first_with_key.setdefault(key, position))
    groups: dict[int, list[int]] = {}
    for position in range(len(keys)):
        groups.setdefault(root(position), []).append(position)
    return list(groups.values())
