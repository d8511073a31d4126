"""DynamoDB tables in memory: items by their keys, indexes, and the stream of changes."""

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
    """What a write did, as the table's stream tells it; ``number`` counts the table's changes."""

    number: int
    keys: Item
    old: Item | None
    new: Item | None

    def record(self) -> dict[str, Any]:
        """As a record of an event source mapping."""
        name = "INSERT" if self.old is None else "REMOVE" if self.new is None else "MODIFY"
        images = {"OldImage": self.old, "NewImage": self.new}
        given = {key: image for key, image in images.items() if image is not None}
        return {"eventName": name, "dynamodb": {"Keys": self.keys, "SequenceNumber": f"{self.number:021}", **given}}


class Partitions:
    """Entries of a table or an index by hash key, each partition sorted when it is read."""

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
        """Entries and primary keys, in order, from behind ``after`` on."""
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
    """One table. Items are kept as JSON: small, and nobody can change them by accident.

    Attributes:
        changes: what the stream has not yet handed out; ``None`` for a table without one.
    """

    name: str
    keys: tuple[str, ...]
    indexes: tuple[Index, ...]
    changes: list[Change] | None
    items: dict[Key, bytes] = field(default_factory=dict)
    bytes: int = 0
    _changed: int = 0
    _partitions: dict[str, Partitions] = field(default_factory=dict)

    @classmethod
    def of_template(cls, name: str, properties: Mapping[str, Any]) -> Table:
        """An empty table with the keys, indexes and stream of its entry in the template."""
        keys = _key_names(properties)
        indexes = tuple(_index(entry, keys) for entry in properties.get("GlobalSecondaryIndexes", []))
        return cls(name, keys, indexes, [] if "StreamSpecification" in properties else None)

    def key_of(self, item: Mapping[str, Any]) -> Key:
        return tuple(next(iter(item[name].values())) for name in self.keys)

    def get(self, key: Key) -> Item | None:
        stored = self.items.get(key)
        return None if stored is None else orjson.loads(stored)

    def replace(self, key: Key, before: Item | None, after: Item | None) -> None:
        """Make an item ``after``, whose state was ``before``."""
        if after is None:
            self.items.pop(key, None)
        else:
            # A copy, for what orjson returns keeps its buffer: 8 KB for an item of one.
            self.items[key] = bytes(memoryview(orjson.dumps(after)))
        self.bytes += (item_size(after) if after else 0) - (item_size(before) if before else 0)
        self._partition("", key, self.keys, before, after)
        for index in self.indexes:
            self._partition(index.name, key, index.keys, index.entry(before), index.entry(after))
        if self.changes is not None and before != after:
            keys: Any = {name: (after or before or {})[name] for name in self.keys}
            self._changed += 1
            self.changes.append(Change(self._changed, keys, before, after))

    def take_changes(self, most: int | None = None) -> list[Change]:
        """What the stream hands out next."""
        if self.changes is None:
            raise ValueError(f"{self.name} has no stream")
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
        """Primary keys and items (or index entries) of one partition in order, lazily."""
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
