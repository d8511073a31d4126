"""DynamoDB in terms of plain dicts: marshalling, paging, and the one error that is an answer (a failed condition)."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from outreach import aws

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef as AttributeValue

T = TypeVar("T")

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize

_MAX_BATCH_GET = 100
_BATCH_GET_THREADS = 16
_MAX_UNPROCESSED_ROUNDS = 8
_MAX_CONFLICT_ROUNDS = 8
_PASSING = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}


class ConditionFailed(Exception):
    """A conditional write was refused. ``item`` is what stood there, when the call asked for it (else empty)."""

    def __init__(self, item: dict[str, Any]) -> None:
        super().__init__("the condition of a write does not hold")
        self.item = item


class TransactionRefused(Exception):
    """Conditions of a transaction do not hold and nothing was written; ``failed`` are the positions of the refused actions."""

    def __init__(self, failed: list[int]) -> None:
        super().__init__("conditions of a transaction do not hold")
        self.failed = failed


def to_item(values: Mapping[str, Any]) -> dict[str, AttributeValue]:
    """Marshal a flat mapping; entries that are ``None`` are left out, for DynamoDB has no use for nulls."""
    return {name: _serialize(value) for name, value in values.items() if value is not None}


def from_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """Unmarshal an item: numbers become ``int`` (or ``float``), binaries ``bytes``."""
    return {name: _plain(_deserialize(value)) for name, value in item.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Binary):
        return bytes(value.value)  # type: ignore[attr-defined]
    if isinstance(value, dict):
        return {name: _plain(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    return value


@contextmanager
def conditional() -> Iterator[None]:
    """Turn the client's ConditionalCheckFailedException into :class:`ConditionFailed`; everything else passes."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        response: Mapping[str, Any] = error.response
        raise ConditionFailed(from_item(response.get("Item", {}))) from error


def get(table: str, key: Mapping[str, str], *, consistent: bool = False) -> dict[str, Any] | None:
    """One item, or ``None``. Costs half a read unit per 4 KB, the double when ``consistent``."""
    answer = aws.dynamodb().get_item(TableName=table, Key=to_item(key), ConsistentRead=consistent)
    return from_item(answer["Item"]) if "Item" in answer else None


def put_new(table: str, item: Mapping[str, Any], *, key: str = "pk") -> bool:
    """Write an item that must not exist yet; ``False`` (and nothing written) when it does."""
    try:
        with conditional():
            aws.dynamodb().put_item(TableName=table, Item=to_item(item), ConditionExpression=f"attribute_not_exists({key})")
    except ConditionFailed:
        return False
    return True


def put_version(table: str, item: Mapping[str, Any], before: int) -> bool:
    """Replace an item whose ``version`` must still be ``before`` (0: there is none); ``False`` when somebody was faster."""
    try:
        with conditional():
            aws.dynamodb().put_item(TableName=table, Item=to_item(item), **if_version(before))
    except ConditionFailed:
        return False
    return True


def if_version(version: int) -> dict[str, Any]:
    """The condition that an item's ``version`` is the given one (0: that there is no item)."""
    if not version:
        return {"ConditionExpression": "attribute_not_exists(pk)"}
    return {"ConditionExpression": "version = :version", "ExpressionAttributeValues": to_item({":version": version})}


def update(
    table: str,
    key: Mapping[str, str],
    expression: str,
    values: Mapping[str, Any],
    *,
    condition: str = "",
    names: Mapping[str, str] | None = None,
    returns: Literal["ALL_NEW", "NONE"] = "ALL_NEW",
) -> dict[str, Any]:
    """Update one item and return its new state; nothing with ``NONE``, which is for where it counts: reading it takes a tenth of
    the call's CPU time.

    Raises:
        ConditionFailed: ``condition`` does not hold; carries the item as it stands.
    """
    request: dict[str, Any] = {"TableName": table, "Key": to_item(key), "UpdateExpression": expression, "ReturnValues": returns}
    if values:
        request["ExpressionAttributeValues"] = to_item(values)
    if names:
        request["ExpressionAttributeNames"] = dict(names)
    if condition:
        request |= {"ConditionExpression": condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    with conditional():
        return from_item(aws.dynamodb().update_item(**request).get("Attributes", {}))


def transact(actions: Sequence[Mapping[str, Any]]) -> None:
    """Write at most 100 actions, all or none; tries again while other transactions are in the way.

    Raises:
        TransactionRefused: conditions do not hold.
    """
    for attempt in range(_MAX_CONFLICT_ROUNDS):
        try:
            aws.dynamodb().transact_write_items(TransactItems=list(actions))  # type: ignore[arg-type]
        except aws.dynamodb().exceptions.TransactionCanceledException as error:
            codes = [reason.get("Code", "None") for reason in error.response["CancellationReasons"]]
            failed = [position for position, code in enumerate(codes) if code == "ConditionalCheckFailed"]
            if failed:
                raise TransactionRefused(failed) from error
            if attempt == _MAX_CONFLICT_ROUNDS - 1 or not _PASSING.intersection(codes):
                raise
            time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - jitter, nothing secret
        else:
            return


def query(table: str, **request: Any) -> Iterator[dict[str, Any]]:
    """All items of a Query, page after page, lazily; ``request`` is the client's, with plain ``ExpressionAttributeValues``."""
    request["ExpressionAttributeValues"] = to_item(request["ExpressionAttributeValues"])
    for page in aws.dynamodb().get_paginator("query").paginate(TableName=table, **request):
        yield from map(from_item, page["Items"])


def batch_get(table: str, keys: Iterable[Mapping[str, str]], *, consistent: bool = False) -> Iterator[dict[str, Any]]:
    """The items that exist among ``keys`` (distinct), in no particular order, 100 a call, calls side by side.

    Raises:
        RuntimeError: DynamoDB still leaves keys unprocessed after several rounds of backing off.
    """
    parts = list(chunks([to_item(key) for key in keys], _MAX_BATCH_GET))
    if len(parts) <= 1:
        return chain.from_iterable(_batch_get_chunk(table, part, consistent) for part in parts)
    with ThreadPoolExecutor(_BATCH_GET_THREADS) as pool:
        return chain.from_iterable(pool.map(lambda part: _batch_get_chunk(table, part, consistent), parts))


def _batch_get_chunk(table: str, keys: Sequence[dict[str, AttributeValue]], consistent: bool) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    pending: Any = {table: {"Keys": keys, "ConsistentRead": consistent}}
    for attempt in range(_MAX_UNPROCESSED_ROUNDS):
        answer = aws.dynamodb().batch_get_item(RequestItems=pending)
        found += map(from_item, answer["Responses"].get(table, []))
        pending = answer.get("UnprocessedKeys")
        if not pending:
            return found
        time.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311 - jitter, nothing secret
    raise RuntimeError(f"{table} leaves keys of a BatchGetItem unprocessed")


def chunks(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Consecutive slices of at most ``size`` values."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
