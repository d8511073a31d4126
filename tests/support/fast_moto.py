"""Spares moto work: it remembers what depends on names alone, and copies of a table only what may change."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy, deepcopy
from functools import cache
from typing import Any

import pytest
from moto.core import responses, utils
from moto.core.model import StructureShape
from moto.core.serialize import AttributePickerContext, BaseJSONSerializer, XFormedAttributePicker
from moto.dynamodb.models.table import Table

_possible_keys = XFormedAttributePicker.get_possible_keys
_serialize_any_structure = BaseJSONSerializer._serialize_type_structure
_SCALARS = {"S", "N", "BOOL", "NULL"}
_remembered: dict[tuple[Any, ...], tuple[str, ...]] = {}


def spare_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make moto faster until the patches are undone; its results stay the same."""
    monkeypatch.setattr(XFormedAttributePicker, "get_possible_keys", _remembered_keys)
    monkeypatch.setattr(BaseJSONSerializer, "_serialize_type_structure", _serialize_structure)
    monkeypatch.setattr(responses, "method_names_from_class", _method_names)
    monkeypatch.setattr(responses, "camelcase_to_underscores", _underscores)
    monkeypatch.setattr(Table, "__deepcopy__", _copy_table, raising=False)


_method_names = cache(utils.method_names_from_class)
_underscores = cache(utils.camelcase_to_underscores)


def _remembered_keys(picker: XFormedAttributePicker, context: AttributePickerContext) -> Iterator[str] | tuple[str, ...]:
    """The names under which an answer's attribute may be found: they depend on the model and on the type of the object alone."""
    kind, shape = type(context.obj), context.shape
    if hasattr(context.obj, "Meta") or context.service_model is None or not hasattr(shape, "parent"):
        # An object may have names of its own.
        return _possible_keys(picker, context)
    key = (context.service_model.service_name, shape.parent.name, context.key, shape.name, kind)
    if key not in _remembered:
        _remembered[key] = tuple(_possible_keys(picker, context))
    return _remembered[key]


def _serialize_structure(serializer: BaseJSONSerializer, serialized: Any, value: Any, shape: StructureShape, key: str) -> None:
    """Pass values of DynamoDB on as they are, where moto would look for each of the ten types in each value."""
    if shape.name == "AttributeValue" and isinstance(value, dict) and value.keys() <= _SCALARS:
        serialized[key] = value
    else:
        _serialize_any_structure(serializer, serialized, value, shape, key)


def _copy_table(table: Table, memo: dict[int, Any]) -> Table:
    """A copy that shares definitions and stream records, which do not change once they are there.

    moto copies each table of a transaction, to be able to undo it. Copying the stream's records takes longer than all the rest.
    """
    copied = copy(table)
    for name, value in vars(table).items():
        if isinstance(value, (dict, list)):
            setattr(copied, name, copy(value))
    copied.items = deepcopy(table.items, memo)
    if table.stream_shard:
        copied.stream_shard = copy(table.stream_shard)
        copied.stream_shard.table = copied
        copied.stream_shard.items = list(table.stream_shard.items)
    return copied
