"""DynamoDB tables in memory, with indexes and streams."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from benchmarks.local_aws.capacity import Index, Item, item_size

Key = tuple[str, ...]

_HASH, _RANGE = "HASH", "RANGE"


@dataclass(frozen=True)
class Change:
    """A change in a table's stream; ``number`` counts the table's changes."""

    number: int
    keys: Item
    old: Item | None
    new: Item | None

    def record(self) -> dict[str, Any]:
        """The change as a record of an event source mapping."""
        name = "MODIFY"
        if self.old is None:
            name = "INSERT"
        elif self.new is None:
            name = "REMOVE"
        images = {"OldImage": self.old, "NewImage": self.new}
        present = {key: image for key, image in images.items() if image is not None}
        return {"eventName": name, "dynamodb": {"Keys": self.keys, "SequenceNumber": f"{self.number:021}", **present}}


class Partitions:
    """The entries of a table or an index by hash key; a partition is sorted when it is read."""

    def __init__(self) -> None:
        self._entries: dict[str, dict[Key, Key]] = {}
        self._sorted: dict[str, list[Key]] = {}

    def put(self, hash_: str, entry: Key, primary: Key) -> None:
        partition = self._entries.setdefault(hash_, {})
        if entry not in partition:
            self._sorted.pop(hash_, None)
        partition[entry] = primary

    def remove(self, hash_: str, entry: Key) -> None:
        self._entries[hash_].pop(entry, None)
        self._sorted.pop(hash_, None)

    def read(self, hash_: str, after: Key | None, *, forward: bool) -> Iterator[tuple[Key, Key]]:
        """The entries after ``after`` and their primary keys, in order."""
        partition = self._entries.get(hash_, {})
        if hash_ not in self._sorted:
            self._sorted[hash_] = sorted(partition)
        order = self._sorted[hash_]
        if forward:
            places: Sequence[int] = range(bisect_right(order, after) if after else 0, len(order))
        else:
            places = range((bisect_left(order, after) if after else len(order)) - 1, -1, -1)
        return ((order[place], partition[order[place]]) for place in places)


@dataclass
class Table:
    """A table. Items are stored as JSON, which is small and protects them from accidental changes.

    Attributes:
        changes: changes that were not yet taken from the stream; ``None`` for a table without a stream.
        bytes: the size of all items.
    """

    name: str
    keys: tuple[str, ...]
    indexes: tuple[Index, ...]
    changes: list[Change] | None
    items: dict[Key, bytes] = field(default_factory=dict)
    bytes: int = 0
    _change_count: int = 0
    _partitions: dict[str, Partitions] = field(default_factory=dict)

    @classmethod
    def of_template(cls, name: str, properties: Mapping[str, Any]) -> Table:
        """Create an empty table with the keys, indexes and stream of a resource in the template."""
        keys = _key_names(properties)
        indexes = tuple(_index(entry, keys) for entry in properties.get("GlobalSecondaryIndexes", []))
        return cls(name, keys, indexes, [] if "StreamSpecification" in properties else None)

    def key_of(self, item: Mapping[str, Any]) -> Key:
        return tuple(next(iter(item[name].values())) for name in self.keys)

    def get(self, key: Key) -> Item | None:
        stored = self.items.get(key)
        return None if stored is None else orjson.loads(stored)

    def replace(self, key: Key, before: Item | None, after: Item | None) -> None:
        """Replace an item's state ``before`` with ``after``."""
        if after is None:
            self.items.pop(key, None)
        else:
            # A copy, because the bytes that orjson returns keep a buffer of 8 KB even for an item of 1 KB.
            self.items[key] = bytes(memoryview(orjson.dumps(after)))
        self.bytes += (item_size(after) if after else 0) - (item_size(before) if before else 0)
        self._partition("", key, self.keys, before, after)
        for index in self.indexes:
            self._partition(index.name, key, index.keys, index.entry(before), index.entry(after))
        if self.changes is not None and before != after:
            keys: Any = {name: (after or before or {})[name] for name in self.keys}
            self._change_count += 1
            self.changes.append(Change(self._change_count, keys, before, after))

    def take_changes(self, most: int | None = None) -> list[Change]:
        """Take the next changes out of the stream, at most ``most``."""
        if self.changes is None:
            raise ValueError(f"the table {self.name} has no stream")
        taken, self.changes = self.changes[:most], self.changes[most:] if most else []
        return taken

    def _partition(self, index: str, key: Key, names: tuple[str, ...], before: Item | None, after: Item | None) -> None:
        partitions = self._partitions.setdefault(index, Partitions())
        old, new = (_entry(item, names, key) if item else None for item in (before, after))
        if old and old != new:
            partitions.remove(*old)
        if new:
            partitions.put(*new, key)

    def query(self, index: str, hash_: str, start: Mapping[str, Any] | None, *, forward: bool) -> Iterator[tuple[Key, Item]]:
        """The primary keys and items (or index entries) of a partition, in order; items are read lazily."""
        names = next((entry.keys for entry in self.indexes if entry.name == index), self.keys)
        entry = next((entry for entry in self.indexes if entry.name == index), None)
        after = _entry(start, names, self.key_of(start))[1] if start else None
        for _, key in self._partitions.setdefault(index, Partitions()).read(hash_, after, forward=forward):
            item: Item = orjson.loads(self.items[key])
            yield key, (entry.entry(item) or {}) if entry else item

    def hash_name(self, index: str) -> str:
        return next((entry.keys[0] for entry in self.indexes if entry.name == index), self.keys[0])


def _entry(item: Mapping[str, Any], names: tuple[str, ...], primary: Key) -> tuple[str, Key]:
    values = [next(iter(item[name].values())) for name in names]
    return str(values[0]), (*map(str, values[1:]), *primary)


def _key_names(properties: Mapping[str, Any]) -> tuple[str, ...]:
    by_type = {entry["KeyType"]: str(entry["AttributeName"]) for entry in properties["KeySchema"]}
    return (by_type[_HASH], by_type[_RANGE]) if _RANGE in by_type else (by_type[_HASH],)


def _index(properties: Mapping[str, Any], table_keys: tuple[str, ...]) -> Index:
    keys = _key_names(properties)
    included = properties["Projection"].get("NonKeyAttributes", [])
    return Index(properties["IndexName"], keys, frozenset({*keys, *table_keys, *included}))
