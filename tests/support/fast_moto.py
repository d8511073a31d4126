"""Makes moto faster and smaller by replacing functions of moto and botocore; the results of calls stay the same.

The replacements remember what depends only on names and expressions, copy only the part of a table that a call may change, and
skip what DynamoDB does not need. moto keeps every object that it creates, for its dashboard: without the replacements, an import
of 500 rows takes 3 GB, most of it copies of tables.

A private name such as ``_update_in_place`` or ``_parse_any_update`` is moto's own function, which its replacement calls.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import copy, deepcopy
from functools import cache
from itertools import count
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.endpoint import Endpoint
from botocore.model import OperationModel
from moto.core import responses, utils
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.common_models import BaseModel
from moto.core.common_types import TYPE_RESPONSE
from moto.core.model import StructureShape
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.serialize import AttributePickerContext, BaseJSONSerializer, XFormedAttributePicker
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser, Node  # type: ignore[attr-defined] # it has no types
from moto.dynamodb.parsing.expressions import UpdateExpressionParser  # type: ignore[attr-defined]
from moto.dynamodb.parsing.validators import ActionCountValidator, UpdateExpressionValidator
from moto.dynamodb.responses import DynamoHandler

_possible_keys = XFormedAttributePicker.get_possible_keys
_serialize_any_structure = BaseJSONSerializer._serialize_type_structure
_update_in_place = DynamoDBBackend.update_item
_process_any_request = BotocoreStubber.process_request
_make_any_request = Endpoint.make_request
_serialize_anything = DynamoHandler.serialized
_all_processors = UpdateExpressionValidator.get_ast_processors
_parse_any_update = UpdateExpressionParser.make
_request_numbers = count(1)
_DYNAMODB = re.compile(r"https://dynamodb\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/")
_write_items = DynamoDBBackend.transact_write_items
# The copies that the current transaction has made, by ``id()`` of the table.
_copies: dict[int, Table] = {}
_SCALARS = {"S", "N", "BOOL", "NULL"}
_remembered: dict[tuple[Any, ...], tuple[str, ...]] = {}


def spare_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make moto faster until the patches are undone."""
    monkeypatch.setattr(XFormedAttributePicker, "get_possible_keys", _remembered_keys)
    monkeypatch.setattr(BaseJSONSerializer, "_serialize_type_structure", _serialize_structure)
    monkeypatch.setattr(responses, "method_names_from_class", _method_names)
    monkeypatch.setattr(responses, "camelcase_to_underscores", _underscores)
    monkeypatch.setattr(BaseModel, "__new__", _new_untracked)
    monkeypatch.setattr(Table, "__deepcopy__", _copy_table, raising=False)
    monkeypatch.setattr(DynamoDBBackend, "update_item", _update_item)
    monkeypatch.setattr(DynamoDBBackend, "transact_write_items", _transact)
    monkeypatch.setattr(UpdateExpressionParser, "make", _parse_update)
    monkeypatch.setattr(DepthFirstTraverser, "traverse", _traverse)
    monkeypatch.setattr(responses, "gen_amzn_requestid_long", _add_request_id)
    monkeypatch.setattr(BotocoreStubber, "process_request", _process_request)
    monkeypatch.setattr(Endpoint, "make_request", _make_request)
    monkeypatch.setattr(DynamoHandler, "serialized", _serialize)
    monkeypatch.setattr(UpdateExpressionValidator, "get_ast_processors", _processors)
    monkeypatch.setattr(Node, "__deepcopy__", _copy_node, raising=False)


_method_names = cache(utils.method_names_from_class)
_underscores = cache(utils.camelcase_to_underscores)
_is_subclass: Any = cache(issubclass)


def _remembered_keys(picker: XFormedAttributePicker, context: AttributePickerContext) -> Iterator[str] | tuple[str, ...]:
    """Return the names under which moto may find a response's attribute. They depend only on the model and the object's type."""
    kind, shape = type(context.obj), context.shape
    if hasattr(context.obj, "Meta") or context.service_model is None or not hasattr(shape, "parent"):
        # ``Meta`` may define other names for each object.
        return _possible_keys(picker, context)
    key = (context.service_model.service_name, shape.parent.name, context.key, shape.name, kind)
    if key not in _remembered:
        _remembered[key] = tuple(_possible_keys(picker, context))
    return _remembered[key]


def _serialize(handler: DynamoHandler, answer: responses.ActionResult) -> TYPE_RESPONSE:
    """Serialise a response of plain values at once. moto would look up each member of the response's model."""
    if isinstance(answer.result, dict):
        try:
            return 200, handler.response_headers, orjson.dumps(answer.result).decode()
        except TypeError:
            pass  # orjson cannot serialise its binaries or objects, and moto can
    return _serialize_anything(handler, answer)


def _serialize_structure(serializer: BaseJSONSerializer, serialized: Any, value: Any, shape: StructureShape, key: str) -> None:
    """Keep values that have DynamoDB's form already. moto would look for each of the ten types in each value."""
    if shape.name == "AttributeValue" and isinstance(value, dict) and value.keys() <= _SCALARS:
        serialized[key] = value
    else:
        _serialize_any_structure(serializer, serialized, value, shape, key)


def _new_untracked(model: type[BaseModel], *_: Any, **__: Any) -> BaseModel:
    """Create an object without registering it with moto's dashboard, which would keep it in memory."""
    return object.__new__(model)


def _transact(backend: DynamoDBBackend, actions: list[dict[str, Any]]) -> None:
    """Copy each table once for a transaction. moto copies it once for each action."""
    names = {change.get("TableName") for action in actions for change in action.values()}
    for name, table in backend.tables.items():
        if name in names:
            _copies[id(table)] = _copied(table)
    try:
        _write_items(backend, actions)
    finally:
        _copies.clear()


def _copy_table(table: Table, _: dict[int, Any]) -> Table:
    return _copies.get(id(table)) or _copied(table)


def _copied(table: Table) -> Table:
    """Return a copy to which a failed transaction returns. It shares the definitions, items and stream records.

    Nothing changes these in place: :func:`_update_item` changes a copy of its item.
    """
    copied = copy(table)
    for name, value in vars(table).items():
        if isinstance(value, (dict, list)):
            setattr(copied, name, copy(value))
    for hash_key, items in table.items.items():
        copied.items[hash_key] = copy(items) if isinstance(items, dict) else items
    if table.stream_shard:
        copied.stream_shard = copy(table.stream_shard)
        copied.stream_shard.table = copied
        copied.stream_shard.items = list(table.stream_shard.items)
    return copied


def _update_item(backend: DynamoDBBackend, table_name: str, key: dict[str, Any], *arguments: Any, **named: Any) -> Any:
    """Update a copy of the item, because the copies of its table share the item."""
    table = backend.get_table(table_name)
    hash_key, range_key = (key.get(name or "") for name in (table.hash_key_attr, table.range_key_attr))
    items: Any = table.items
    if hash_key and range_key:
        items, hash_key = table.items.get(DynamoType(hash_key), {}), range_key
    if hash_key and (item := items.get(DynamoType(hash_key))):
        items[DynamoType(hash_key)] = deepcopy(item)
    return _update_in_place(backend, table_name, key, *arguments, **named)


@cache
def _parse_update(expression: str) -> Any:
    """Parse an expression, and check that it has no clause twice. moto copies the result before it changes it."""
    return ActionCountValidator().traverse(_parse_any_update(expression))


def _processors(validator: UpdateExpressionValidator) -> list[DepthFirstTraverser]:
    """Return the checks of an expression that depend on the item. :func:`_parse_update` has counted its clauses."""
    return [processor for processor in _all_processors(validator) if not isinstance(processor, ActionCountValidator)]


def _copy_node(node: Node, memo: dict[int, Any]) -> Node:
    copied = object.__new__(type(node))
    vars(copied).update(vars(node))
    if node.children is not None:
        copied.children = [deepcopy(child, memo) for child in node.children]
        for child in copied.children:
            if isinstance(child, Node):
                child.parent = copied
    return copied


def _traverse(traverser: DepthFirstTraverser, root: Node) -> Node:
    """Process the nodes of an expression bottom up. moto spends most of the time on ``isinstance`` with abstract classes."""
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


def _make_request(endpoint: Endpoint, operation: OperationModel, request: dict[str, Any]) -> Any:
    """Pass a call of DynamoDB to moto without preparing an HTTP request, and without retries: moto never throttles."""
    if not _DYNAMODB.fullmatch(request["url"]):
        return _make_any_request(endpoint, operation, request)
    sent = SimpleNamespace(method="POST", url=request["url"], headers=request["headers"], body=request["body"])
    answer, failure = endpoint._do_get_response(sent, operation, request["context"])  # type: ignore[attr-defined]
    if failure:
        raise failure
    answer[1]["ResponseMetadata"]["RetryAttempts"] = 0
    return answer


def _process_request(stubber: BotocoreStubber, request: AWSPreparedRequest) -> TYPE_RESPONSE | None:
    """Pass a request for DynamoDB directly to its handler. moto would first search for the handler and build a web request."""
    endpoint = _DYNAMODB.fullmatch(request.url)
    if not endpoint:
        return _process_any_request(stubber, request)
    handler: Any = DynamoHandler()
    handler.region, handler.current_account = endpoint["region"], DEFAULT_ACCOUNT_ID
    handler.querystring, handler.uri_match, handler.response_headers = {}, {}, {}
    sent: Any = request.headers
    handler.headers = {name: sent[name] for name in ("X-Amz-Target", "Content-Type")}
    parsed = {"data": request.body, "headers": handler.headers, "content_type": handler.headers["Content-Type"]}
    handler.parse_parameters(SimpleNamespace(method="POST", path="/", values={}, **parsed))
    answer: TYPE_RESPONSE = handler.call_action()
    return answer


def _add_request_id(headers: dict[str, Any] | None = None) -> str:
    """Give a response a number as its id. moto would draw a random id letter by letter."""
    request_id = f"{next(_request_numbers):032d}"
    if headers is not None:
        headers["x-amzn-requestid"] = request_id
    return request_id
