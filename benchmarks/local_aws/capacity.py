"""Computes DynamoDB's capacity units by its published rules.

Sources: developer guide, "DynamoDB item sizes and formats", "DynamoDB read and write operations" (capacity unit consumption) and
"Using Global Secondary Indexes" (storage and throughput considerations).
"""

from __future__ import annotations

import math
from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

# In DynamoDB's JSON format: {"name": {"S": "…"}}.
Value = dict[str, Any]
Item = dict[str, Value]

_WRITE_BYTES = 1024
_READ_BYTES = 4096


@dataclass(frozen=True)
class Index:
    """A global secondary index.

    Attributes:
        keys: the hash key and, if there is one, the range key.
        projected: the attributes of an entry: the keys of the index and of the table, and the included attributes.
    """

    name: str
    keys: tuple[str, ...]
    projected: frozenset[str]

    def entry(self, item: Item | None) -> Item | None:
        """The item's entry in the index; ``None`` when the item lacks a key of the index."""
        if item is None or any(key not in item for key in self.keys):
            return None
        return {name: value for name, value in item.items() if name in self.projected}


def item_size(item: Mapping[str, Any]) -> int:
    """The size of an item in bytes."""
    return sum(len(name.encode()) + value_size(value) for name, value in item.items())


def value_size(value: Value) -> int:
    """The size in bytes of an attribute's value, without its name."""
    kind, content = next(iter(value.items()))
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return _number_size(content)
        case "B":
            return len(b64decode(content))
        case "BOOL" | "NULL":
            return 1
        case "L":
            return 3 + sum(1 + value_size(entry) for entry in content)
        case "M":
            return 3 + sum(1 + len(name.encode()) + value_size(entry) for name, entry in content.items())
        case "SS":
            return sum(len(entry.encode()) for entry in content)
    raise NotImplementedError(f"the size of values of type {kind} is not implemented")


def _number_size(text: str) -> int:
    """One byte for every two significant digits, and one more."""
    digits = text.lstrip("-").replace(".", "").strip("0")
    return math.ceil(len(digits) / 2) + 1 + text.startswith("-")


def write_units(before: Item | None, after: Item | None, indexes: Iterable[Index], *, transactional: bool = False) -> int:
    """The write units of a change of an item, including its indexes.

    The larger of the two states counts. A write whose condition fails (``after`` is ``before``) costs the units of that state.
    """
    units = _blocks(max(_size(before), _size(after)), _WRITE_BYTES)
    units += sum(_index_units(index.entry(before), index.entry(after), index.keys) for index in indexes)
    return units * (2 if transactional else 1)


def read_units(size: int, *, consistent: bool) -> float:
    """The read units for ``size`` bytes: of one item, or of all items of a query's page together."""
    return _blocks(size, _READ_BYTES) * (1 if consistent else 0.5)


def _index_units(before: Item | None, after: Item | None, keys: tuple[str, ...]) -> int:
    if before == after:
        return 0
    if before and after and all(before[key] == after[key] for key in keys):
        return _blocks(max(item_size(before), item_size(after)), _WRITE_BYTES)
    # A changed key deletes one entry and puts another.
    return sum(_blocks(item_size(entry), _WRITE_BYTES) for entry in (before, after) if entry)


def _size(item: Item | None) -> int:
    return item_size(item) if item else 0


def _blocks(size: int, block: int) -> int:
    """The number of whole blocks, at least one, because reading a missing item costs a unit too."""
    return max(1, math.ceil(size / block))
