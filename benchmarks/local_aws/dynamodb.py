"""DynamoDB's operations on :mod:`tables <benchmarks.local_aws.tables>`, and the capacity units that each call consumes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.local_aws import expressions
from benchmarks.local_aws.capacity import Item, item_size, read_units, write_units
from benchmarks.local_aws.tables import Key, Table
from tests.support import partiql

_PAGE_BYTES = 1024 * 1024

Request = Mapping[str, Any]


class Refused(Exception):
    """An error response of DynamoDB: its ``code`` and the other properties of its body."""

    def __init__(self, code: str, **body: Any) -> None:
        super().__init__(code)
        self.code = code
        self.body = body


@dataclass
class Consumed:
    """The capacity units of one call."""

    read: float = 0
    write: float = 0


@dataclass
class DynamoDB:
    """The tables of the template by name, and the capacity units of the last call."""

    tables: dict[str, Table]
    consumed: Consumed = field(default_factory=Consumed)

    def answer(self, operation: str, request: Request) -> tuple[dict[str, Any], Consumed]:
        """Execute a call; returns its answer and the consumed capacity units.

        Raises:
            Refused: DynamoDB answers with an error; :attr:`consumed` has the units of the call.
        """
        self.consumed = Consumed()
        handlers = {
            "GetItem": self._get_item,
            "BatchGetItem": self._batch_get_item,
            "BatchExecuteStatement": self._batch_execute_statement,
            "PutItem": self._put_item,
            "UpdateItem": self._update_item,
            "DeleteItem": self._delete_item,
            "TransactWriteItems": self._transact_write_items,
            "Query": self._query,
        }
        return handlers[operation](request), self.consumed

    def _get_item(self, request: Request) -> dict[str, Any]:
        table = self.tables[request["TableName"]]
        item = table.get(table.key_of(request["Key"]))
        self.consumed.read += read_units(item_size(item or {}), consistent=request.get("ConsistentRead", False))
        return {"Item": item} if item else {}

    def _batch_get_item(self, request: Request) -> dict[str, Any]:
        responses = {}
        for name, keys_and_options in request["RequestItems"].items():
            table = self.tables[name]
            items = [table.get(table.key_of(key)) for key in keys_and_options["Keys"]]
            consistent = keys_and_options.get("ConsistentRead", False)
            self.consumed.read += sum(read_units(item_size(item or {}), consistent=consistent) for item in items)
            responses[name] = [item for item in items if item]
        return {"Responses": responses, "UnprocessedKeys": {}}

    def _put_item(self, request: Request) -> dict[str, Any]:
        table = self.tables[request["TableName"]]
        self._write(table, table.key_of(request["Item"]), request, lambda before: request["Item"])
        return {}

    def _batch_execute_statement(self, request: Request) -> dict[str, Any]:
        return {"Responses": [self._insert(*partiql.insertion(statement)) for statement in request["Statements"]]}

    def _insert(self, table: str, item: Item) -> dict[str, Any]:
        try:
            self._put_item({"TableName": table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"})
        except Refused:
            return {"TableName": table, "Error": partiql.DUPLICATE}
        return {"TableName": table}

    def _delete_item(self, request: Request) -> dict[str, Any]:
        table = self.tables[request["TableName"]]
        self._write(table, table.key_of(request["Key"]), request, lambda before: None)
        return {}

    def _update_item(self, request: Request) -> dict[str, Any]:
        table = self.tables[request["TableName"]]
        after = self._write(table, table.key_of(request["Key"]), request, lambda before: _updated(request, before))
        return {"Attributes": after} if request.get("ReturnValues") == "ALL_NEW" else {}

    def _write(self, table: Table, key: Key, request: Request, change: Any) -> Item | None:
        before = table.get(key)
        if not _holds(request, before):
            self.consumed.write += write_units(before, before, ())
            returns_item = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
            raise Refused("ConditionalCheckFailedException", **({"Item": before} if returns_item and before else {}))
        after: Item | None = change(before)
        self.consumed.write += write_units(before, after, table.indexes)
        table.replace(key, before, after)
        return after

    def _transact_write_items(self, request: Request) -> dict[str, Any]:
        writes = []
        for action in request["TransactItems"]:
            ((kind, part),) = action.items()
            table = self.tables[part["TableName"]]
            key = table.key_of(part["Item" if kind == "Put" else "Key"])
            writes.append((kind, part, table, key, table.get(key)))
        reasons = [{"Code": "None" if _holds(part, before) else "ConditionalCheckFailed"} for _, part, _, _, before in writes]
        is_refused = any(reason["Code"] != "None" for reason in reasons)
        for kind, part, table, key, before in writes:
            after = before if is_refused else _outcome(kind, part, before)
            self.consumed.write += write_units(before, after, table.indexes, transactional=True)
            if not is_refused and kind != "ConditionCheck":
                table.replace(key, before, after)
        if is_refused:
            raise Refused("TransactionCanceledException", CancellationReasons=reasons)
        return {}

    def _query(self, request: Request) -> dict[str, Any]:
        table, index = self.tables[request["TableName"]], request.get("IndexName", "")
        values, names = request["ExpressionAttributeValues"], request.get("ExpressionAttributeNames", {})
        holds = _compiled(request["KeyConditionExpression"], names)
        entries = table.query(
            index,
            _hash_value(request["KeyConditionExpression"], table.hash_name(index), values),
            request.get("ExclusiveStartKey"),
            forward=request.get("ScanIndexForward", True),
        )
        items: list[Item] = []
        size, last = 0, None
        for _, item in entries:
            if not holds(item, values):
                continue
            items.append(item)
            size += item_size(item)
            if size > _PAGE_BYTES or len(items) == request.get("Limit"):
                last = {name: item[name] for name in {*table.keys, *_index_keys(table, index)}}
                break
        self.consumed.read += read_units(size, consistent=request.get("ConsistentRead", False))
        return _page(items, request, names, values) | ({"LastEvaluatedKey": last} if last else {})


def _page(items: list[Item], request: Request, names: Mapping[str, str], values: Any) -> dict[str, Any]:
    scanned = len(items)
    if "FilterExpression" in request:
        passes = _compiled(request["FilterExpression"], names)
        items = [item for item in items if passes(item, values)]
    if "ProjectionExpression" in request:
        projected = {names.get(name, name) for name in request["ProjectionExpression"].replace(" ", "").split(",")}
        items = [{name: value for name, value in item.items() if name in projected} for item in items]
    return {"Items": items, "Count": len(items), "ScannedCount": scanned}


def _index_keys(table: Table, index: str) -> tuple[str, ...]:
    return next((entry.keys for entry in table.indexes if entry.name == index), ())


def _hash_value(expression: str, name: str, values: Mapping[str, Any]) -> str:
    """The value of the hash key in a key condition, which must start with the hash key."""
    left, _, rest = expression.partition("=")
    if left.strip() != name:
        raise NotImplementedError(f"the key condition {expression!r} does not start with the hash key {name}")
    return str(next(iter(values[rest.split()[0]].values())))


def _compiled(expression: str, names: Mapping[str, str]) -> expressions.Condition:
    return expressions.condition(expression, tuple(sorted(names.items())))


def _holds(request: Request, item: Item | None) -> bool:
    if "ConditionExpression" not in request:
        return True
    condition = _compiled(request["ConditionExpression"], request.get("ExpressionAttributeNames", {}))
    return condition(item or {}, request.get("ExpressionAttributeValues", {}))


def _updated(request: Request, before: Item | None) -> Item:
    names = tuple(sorted(request.get("ExpressionAttributeNames", {}).items()))
    update = expressions.update(request["UpdateExpression"], names)
    return update(before if before is not None else dict(request["Key"]), request.get("ExpressionAttributeValues", {}))


def _outcome(kind: str, part: Request, before: Item | None) -> Item | None:
    match kind:
        case "Put":
            return dict(part["Item"])
        case "Update":
            return _updated(part, before)
        case "Delete":
            return None
    return before
