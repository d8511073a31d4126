"""Spares moto work: it remembers what depends on names and expressions alone, and copies of a table only what may change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy, deepcopy
from functools import cache
from typing import Any
from uuid import uuid4

import pytest
from moto.core import responses, utils
from moto.core.model import StructureShape
from moto.core.serialize import AttributePickerContext, BaseJSONSerializer, XFormedAttributePicker
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser, Node  # type: ignore[attr-defined]
from moto.dynamodb.parsing.expressions import UpdateExpressionParser  # type: ignore[attr-defined]

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
    monkeypatch.setattr(UpdateExpressionParser, "make", _parse_update)
    monkeypatch.setattr(DepthFirstTraverser, "traverse", _traverse)
    monkeypatch.setattr(responses, "gen_amzn_requestid_long", _add_request_id)


_method_names = cache(utils.method_names_from_class)
_underscores = cache(utils.camelcase_to_underscores)
# Whoever changes an expression copies it first.
_parse_update = cache(UpdateExpressionParser.make)
_is_subclass: Callable[[type, Any], bool] = cache(issubclass)


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


def _traverse(traverser: DepthFirstTraverser, root: Node) -> Node:
    """Process the nodes of an expression bottom up. Asking abstract classes for each node's type took most of the time."""
    kinds = traverser.nodes_to_be_processed()

    def process(node: Any, place: int) -> Any:
        if not _is_subclass(type(node), Node):
            return node
        parent = node.parent
        for i, child in enumerate(node.children or ()):
            traverser.pre_processing_of_child(node, i)
            process(child, i)
        if _is_subclass(type(node), kinds):
            node = traverser.process(node)
            node.parent = parent
            if parent:
                parent.children[place] = node
        return node

    return process(root, -1)


def _add_request_id(headers: dict[str, Any] | None = None) -> str:
    """Give an answer an id that is drawn at once, and not letter by letter."""
    request_id = uuid4().hex
    if headers is not None:
        headers["x-amzn-requestid"] = request_id
    return request_id
