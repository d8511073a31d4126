"""Refuses the calls of functions that AWS refuses for a value or a size, which the mocked AWS accepts.

The models of botocore say how long a value may be, which values an enumeration has and what a name looks like. botocore
itself checks only types, required members and minimums. The other figures are the published quotas of DynamoDB, SQS, Step
Functions, Parameter Store and S3.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

KB = 1024
MAX_ITEM_BYTES = 400 * KB
MAX_TRANSACTION_ACTIONS, MAX_TRANSACTION_BYTES = 100, 4 * KB * KB
MAX_BATCH_KEYS = 100
MAX_BATCH_STATEMENTS, MAX_STATEMENT = 25, 8192
MAX_EXPRESSION_BYTES = 4 * KB
MAX_QUEUE_BYTES, MAX_QUEUE_ENTRIES, MAX_DELAY_SECONDS = 256 * KB, 10, 900
MAX_EXECUTION_BYTES, MAX_EXECUTION_NAME = 256 * KB, 80
MAX_PARAMETERS = 10
MAX_DELETED_OBJECTS = 1000

_EXPRESSIONS = ("UpdateExpression", "ConditionExpression", "FilterExpression", "KeyConditionExpression")


def check(operation: str, arguments: Mapping[str, Any]) -> None:
    """Check one call.

    Raises:
        AssertionError: AWS would refuse it; the message names the quota.
    """
    for name in _EXPRESSIONS:
        _limit(f"bytes of {name}", len(arguments.get(name, "")), MAX_EXPRESSION_BYTES)
    if operation in _CHECKS:
        _CHECKS[operation](arguments)


def check_model(shape: Shape, value: Any, path: str = "") -> None:
    """Check the arguments of a call against the service's model.

    Raises:
        AssertionError: a value is too long or too large, or not of the form that the model names; the message says where.
    """
    for where, part, given in _parts(shape, value, path):
        fault = _fault(part, given)
        assert not fault, f"AWS refuses {where or 'the call'}: {fault}"


def _parts(shape: Shape, value: Any, path: str) -> Iterator[tuple[str, Shape, Any]]:
    """Yield each value of a call with its path and shape."""
    yield path, shape, value
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from _parts(member, value[name], f"{path}.{name}".lstrip("."))
    elif isinstance(shape, ListShape):
        for index, entry in enumerate(value):
            yield from _parts(shape.member, entry, f"{path}[{index}]")
    elif isinstance(shape, MapShape):
        for key, entry in value.items():
            yield from _parts(shape.key, key, f"{path}.{key}")
            yield from _parts(shape.value, entry, f"{path}.{key}")


def _fault(shape: Shape, value: Any) -> str | None:
    """Say why a value does not have its shape."""
    most, pattern = shape.metadata.get("max"), shape.metadata.get("pattern")
    size = _measure(value)
    if most is not None and size > most:
        return f"{size} is more than {most}"
    if not isinstance(shape, StringShape):
        return None
    if shape.enum and value not in shape.enum:
        return f"{value!r} is none of {shape.enum}"
    return f"{value!r} does not match {pattern}" if pattern and not re.search(rf"\A(?:{pattern})\Z", value) else None


def _measure(value: Any) -> float:
    """Return what the limit of a shape is about: a number itself, or the length of anything else that has one."""
    if isinstance(value, (int, float)):
        return value
    return len(value) if isinstance(value, (str, bytes, list, dict)) else 0


def _limit(what: str, size: int, most: int) -> None:
    assert size <= most, f"AWS refuses {size} {what}: at most {most}"


def _size(value: Any) -> int:
    """The bytes of a value in DynamoDB's form, as DynamoDB counts them, or a little less."""
    if isinstance(value, Mapping):
        return sum(len(str(name)) + _size(entry) for name, entry in value.items())
    if isinstance(value, (list, tuple, set)):
        return sum(map(_size, value))
    if isinstance(value, bytes):
        return len(value)
    return len(str(value).encode())


def _put_item(arguments: Mapping[str, Any]) -> None:
    _limit("bytes of an item", _size(arguments["Item"]), MAX_ITEM_BYTES)


def _update_item(arguments: Mapping[str, Any]) -> None:
    _limit("bytes of values", _size(arguments.get("ExpressionAttributeValues", {})), MAX_ITEM_BYTES)


def _transact_write_items(arguments: Mapping[str, Any]) -> None:
    actions = arguments["TransactItems"]
    _limit("actions of a transaction", len(actions), MAX_TRANSACTION_ACTIONS)
    _limit("bytes of a transaction", _size(actions), MAX_TRANSACTION_BYTES)
    for action in actions:
        if "Put" in action:
            _put_item(action["Put"])


def _batch_execute_statement(arguments: Mapping[str, Any]) -> None:
    _limit("statements of a batch", len(arguments["Statements"]), MAX_BATCH_STATEMENTS)
    for statement in arguments["Statements"]:
        _limit("characters of a statement", len(statement["Statement"]), MAX_STATEMENT)
        _limit("bytes of an item", _size(statement["Parameters"]), MAX_ITEM_BYTES)


def _batch_get_item(arguments: Mapping[str, Any]) -> None:
    keys = sum(len(request["Keys"]) for request in arguments["RequestItems"].values())
    _limit("keys of a BatchGetItem", keys, MAX_BATCH_KEYS)


def _send_message_batch(arguments: Mapping[str, Any]) -> None:
    entries = arguments["Entries"]
    _limit("messages of a batch", len(entries), MAX_QUEUE_ENTRIES)
    _limit("bytes of a batch", sum(len(entry["MessageBody"].encode()) for entry in entries), MAX_QUEUE_BYTES)
    for entry in entries:
        _limit("seconds of delay", entry.get("DelaySeconds", 0), MAX_DELAY_SECONDS)


def _start_execution(arguments: Mapping[str, Any]) -> None:
    _limit("bytes of an execution's input", len(arguments["input"].encode()), MAX_EXECUTION_BYTES)
    _limit("characters of an execution's name", len(arguments["name"]), MAX_EXECUTION_NAME)


def _get_parameters(arguments: Mapping[str, Any]) -> None:
    _limit("parameters of a request", len(arguments["Names"]), MAX_PARAMETERS)


def _delete_objects(arguments: Mapping[str, Any]) -> None:
    _limit("objects of a request", len(arguments["Delete"]["Objects"]), MAX_DELETED_OBJECTS)


_CHECKS: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
    "PutItem": _put_item,
    "UpdateItem": _update_item,
    "TransactWriteItems": _transact_write_items,
    "BatchExecuteStatement": _batch_execute_statement,
    "BatchGetItem": _batch_get_item,
    "SendMessageBatch": _send_message_batch,
    "StartExecution": _start_execution,
    "GetParameters": _get_parameters,
    "DeleteObjects": _delete_objects,
}
