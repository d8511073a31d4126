"""Rows that have to do with each other."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence


def groups(keys: Sequence[Collection[Hashable]]) -> list[list[int]]:
    """The places of rows that are joined by any shared key, directly or through others; in order within a group.

    Args:
        keys: of each row; a row without any is a group of its own.
    """
    parents = list(range(len(keys)))

    def root(place: int) -> int:
        while parents[place] != place:
            parents[place] = parents[parents[place]]
            place = parents[place]
        return place

    first: dict[Hashable, int] = {}
    for place, row in enumerate(keys):
        for key in row:
            parents[root(place)] = root(first.setdefault(key, place))
    joined: dict[int, list[int]] = {}
    for place in range(len(keys)):
        joined.setdefault(root(place), []).append(place)
    return list(joined.values())
