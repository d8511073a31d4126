"""DynamoDB with plain dictionaries: marshalling, paging, conditional writes and transactions."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from boto3.dynamodb.types import TypeSerializer
from botocore.exceptions import ClientError

from outreach import aws, aws_errors, backoff

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef as AttributeValue
    from types_boto3_dynamodb.type_defs import BatchStatementRequestTypeDef as BatchStatement

T = TypeVar("T")

_serialize = TypeSerializer().serialize

# The alias of an attribute name in an expression.
_ALIAS = re.compile(r"#\w+")
# How many actions a transaction may have.
MAX_ACTIONS = 100
_MAX_BATCH_GET = 100
_BATCH_GET_THREADS = 16
_MAX_BATCH_STATEMENTS = 25
_BATCH_STATEMENT_THREADS = 4
_MAX_UNPROCESSED_ROUNDS = 8
_MAX_CONFLICT_ROUNDS = 8
# The code of an INSERT whose key exists.
_DUPLICATE = "DuplicateItem"


class ConditionFailed(Exception):
    """The condition of a write was not met. ``item`` is the existing item if the request asked for it, otherwise empty."""

    def __init__(self, item: dict[str, Any]) -> None:
        super().__init__("the condition of the write was not met")
        self.item = item


class WriteConflict(Exception):
    """Another writer has changed an item between a read and a write; see :func:`retry_on_conflict`."""


class TransactionRefused(Exception):
    """Conditions of a transaction were not met, so nothing was written. ``failed`` has the positions of the failed actions."""

    def __init__(self, failed: list[int]) -> None:
        super().__init__("conditions of the transaction were not met")
        self.failed = failed


def to_item(values: Mapping[str, Any]) -> dict[str, AttributeValue]:
    """Marshal a mapping; entries that are ``None`` are left out, so a missing attribute is the only form of null."""
    return {name: _to_typed(value) for name, value in values.items() if value is not None}


def _to_typed(value: Any) -> AttributeValue:
    # Most values are texts, and boto3's serializer asks for four other types first.
    return {"S": value} if isinstance(value, str) else _serialize(value)


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        exact = Decimal(text)
        return int(exact) if exact == exact.to_integral_value() else float(exact)


def from_item(item: Mapping[str, Any], number: Callable[[str], Any] = _number) -> dict[str, Any]:
    """Unmarshal an item in DynamoDB's JSON, of a response or of a stream's event: binaries become ``bytes``.

    boto3's deserializer takes five times as long, and does not decode the base64 of a stream's event.

    Args:
        number: makes a number of its text, by default an ``int`` or a ``float``.

    Raises:
        ValueError: a value has a type that :func:`to_item` does not write, such as a set.
    """
    return {name: _from_typed(typed, number) for name, typed in item.items()}


def _from_typed(typed: Mapping[str, Any], number: Callable[[str], Any]) -> Any:
    ((kind, value),) = typed.items()
    match kind:
        case "S" | "BOOL":
            return value
        case "N":
            return number(value)
        case "M":
            return from_item(value, number)
        case "L":
            return [_from_typed(entry, number) for entry in value]
        case "B":  # base64 in JSON; botocore has decoded those of errors
            return base64.b64decode(value) if isinstance(value, str) else value
        case "NULL":
            return None
    raise ValueError(f"an item has a value of the unknown type {kind}")


@contextmanager
def conditional() -> Iterator[None]:
    """Convert the client's ConditionalCheckFailedException into :class:`ConditionFailed`; other errors are not changed."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        response: Mapping[str, Any] = error.response
        raise ConditionFailed(from_item(response.get("Item", {}))) from error


def is_item_too_large(error: Exception) -> bool:
    """Return whether an error is DynamoDB's refusal of a write, because an item would have more than 400 KB."""
    if not isinstance(error, ClientError):
        return False
    reasons: Any = [error.response["Error"], *error.response.get("CancellationReasons", [])]
    return any("Item size" in str(reason.get("Message", "")) for reason in reasons)


def get(table: str, key: Mapping[str, str], *, consistent: bool = False) -> dict[str, Any] | None:
    """Return one item, or ``None``. Costs half a read unit per 4 KB, or a whole one when ``consistent``."""
    response = aws.dynamodb().get_item(TableName=table, Key=to_item(key), ConsistentRead=consistent)
    return from_item(response["Item"]) if "Item" in response else None


def put(table: str, item: Mapping[str, Any]) -> None:
    """Write an item, or replace an existing one."""
    aws.dynamodb().put_item(TableName=table, Item=to_item(item))


def put_if(table: str, item: Mapping[str, Any], condition: str, values: Mapping[str, Any] | None = None) -> bool:
    """Write an item if a condition holds for the existing one; ``False`` (and nothing written) when it does not.

    Args:
        table: the name of the table.
        item: the item to write.
        condition: a ConditionExpression, in which ``#name`` is the alias of the attribute ``name``.
        values: the values of the placeholders in the condition.
    """
    return _put_if(table, item, _condition(condition, values))


def put_new(table: str, item: Mapping[str, Any]) -> bool:
    """Write an item unless it exists; ``False`` (and nothing written) when it does."""
    return put_if(table, item, "attribute_not_exists(pk)")


def put_new_many(table: str, items: Sequence[Mapping[str, Any]]) -> list[bool]:
    """Write those items that do not exist yet. A request writes 25; each of them succeeds or fails by itself.

    A BatchWriteItem has no conditions; a PartiQL INSERT refuses an item whose key exists, and costs what a PutItem costs.

    Returns:
        For each item, what :func:`put_new` returns.
    """
    parts = list(chunks(items, _MAX_BATCH_STATEMENTS))
    with ThreadPoolExecutor(_BATCH_STATEMENT_THREADS) as pool:
        return list(chain.from_iterable(pool.map(lambda part: _put_new_chunk(table, part), parts)))


def _put_new_chunk(table: str, items: Sequence[Mapping[str, Any]]) -> list[bool]:
    response = aws.dynamodb().batch_execute_statement(Statements=[_insertion(table, to_item(item)) for item in items])
    codes = [statement.get("Error", {}).get("Code") for statement in response["Responses"]]
    # A statement that failed for another reason, such as throttling, is repeated as a request, which the client may retry.
    return [code is None or (code != _DUPLICATE and put_new(table, item)) for item, code in zip(items, codes, strict=True)]


def _insertion(table: str, item: Mapping[str, AttributeValue]) -> BatchStatement:
    """Return the statement that inserts an item; see "PartiQL insert statements" of DynamoDB's developer guide."""
    values = ", ".join(f"'{name}': ?" for name in item)
    return {"Statement": f'INSERT INTO "{table}" VALUE {{{values}}}', "Parameters": list(item.values())}


def put_version(table: str, item: Mapping[str, Any], before: int) -> bool:
    """Replace an item if its ``version`` is still ``before`` (0: if it does not exist).

    Returns:
        ``False`` (and nothing written) when another writer has changed the item.
    """
    return _put_if(table, item, if_version(before))


def _put_if(table: str, item: Mapping[str, Any], condition: Mapping[str, Any]) -> bool:
    try:
        with conditional():
            aws.dynamodb().put_item(TableName=table, Item=to_item(item), **condition)
    except ConditionFailed:
        return False
    return True


def delete(table: str, key: Mapping[str, str]) -> bool:
    """Delete an item; ``False`` when it did not exist."""
    response = aws.dynamodb().delete_item(TableName=table, Key=to_item(key), ReturnValues="ALL_OLD")
    return "Attributes" in response


def delete_if(table: str, key: Mapping[str, str], condition: str, values: Mapping[str, Any]) -> bool:
    """Delete an item if a condition holds for it; ``False`` (and nothing deleted) when it does not. See :func:`put_if`."""
    try:
        with conditional():
            aws.dynamodb().delete_item(TableName=table, Key=to_item(key), **_condition(condition, values))
    except ConditionFailed:
        return False
    return True


def _condition(condition: str, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
    request: dict[str, Any] = {"ConditionExpression": condition}
    if values:
        request["ExpressionAttributeValues"] = to_item(values)
    if names := _names(condition):
        request["ExpressionAttributeNames"] = names
    return request


def _names(*expressions: str) -> dict[str, str]:
    return {alias: alias[1:] for expression in expressions for alias in _ALIAS.findall(expression)}


def if_version(version: int) -> dict[str, Any]:
    """Return the request parameters for the condition that an item has a ``version`` (0: that it does not exist)."""
    if not version:
        return _condition("attribute_not_exists(pk)")
    return _condition("version = :version", {":version": version})


class Update:
    """Builds an update expression.

    A path such as ``claim.state`` names an attribute of a map. All names are aliased, so reserved words are allowed::

        Update().set("claim.state", "done").add("sequence").remove("unsettled")
    """

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self._sets: list[str] = []
        self._removes: list[str] = []

    @property
    def expression(self) -> str:
        """The UpdateExpression; empty when nothing changes."""
        clauses = (("SET", self._sets), ("REMOVE", self._removes))
        return " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses if parts)

    def set(self, path: str, value: Any) -> Update:
        """Set an attribute."""
        self._sets.append(f"{_alias(path)} = {self._placeholder(path, value)}")
        return self

    def set_if_missing(self, path: str, value: Any) -> Update:
        """Set an attribute unless it exists."""
        name = _alias(path)
        self._sets.append(f"{name} = if_not_exists({name}, {self._placeholder(path, value)})")
        return self

    def add(self, path: str, amount: int = 1, *, start: int | None = None) -> Update:
        """Add to a number.

        Args:
            path: the attribute.
            amount: the number to add.
            start: the value of a missing attribute; ``None`` if the attribute always exists.
        """
        name = _alias(path)
        number = name if start is None else f"if_not_exists({name}, {self._placeholder(f'{path}_start', start)})"
        self._sets.append(f"{name} = {number} + {self._placeholder(path, amount)}")
        return self

    def remove(self, *paths: str) -> Update:
        """Remove attributes, if they exist."""
        self._removes += map(_alias, paths)
        return self

    def _placeholder(self, path: str, value: Any) -> str:
        placeholder = f":set_{path.replace('.', '_')}"
        self.values[placeholder] = value
        return placeholder


def _alias(path: str) -> str:
    return ".".join(f"#{name}" for name in path.split("."))


def update(
    table: str,
    key: Mapping[str, str],
    change: Update | str,
    values: Mapping[str, Any] | None = None,
    *,
    condition: str = "",
    returns: Literal["ALL_NEW", "NONE"] = "ALL_NEW",
) -> dict[str, Any]:
    """Update one item and return its new state.

    Args:
        table: the name of the table.
        key: the key of the item.
        change: the change, or an UpdateExpression as text.
        values: the values of the placeholders in the condition, and in an UpdateExpression given as text.
        condition: a ConditionExpression. In both expressions ``#name`` is the alias of the attribute ``name``.
        returns: ``NONE`` returns an empty dictionary, for hot paths: parsing the item takes a tenth of the call's CPU time.

    Raises:
        ConditionFailed: ``condition`` does not hold; contains the existing item.
    """
    with conditional():
        return from_item(
            aws.dynamodb()
            .update_item(**update_request(table, key, change, values, condition), ReturnValues=returns)
            .get("Attributes", {})
        )


def update_if(
    table: str, key: Mapping[str, str], change: Update | str, values: Mapping[str, Any] | None = None, *, condition: str
) -> bool:
    """Update one item if a condition holds; ``False`` (and nothing written) when it does not. See :func:`update`."""
    try:
        update(table, key, change, values, condition=condition, returns="NONE")
    except ConditionFailed:
        return False
    return True


def update_request(
    table: str,
    key: Mapping[str, str],
    change: Update | str,
    values: Mapping[str, Any] | None = None,
    condition: str = "",
    on_failure: Literal["ALL_OLD", "NONE"] = "ALL_OLD",
) -> dict[str, Any]:
    """Return the request parameters of an update, for the client or for a transaction. See :func:`update`."""
    expression = change.expression if isinstance(change, Update) else change
    all_values = {**(change.values if isinstance(change, Update) else {}), **(values or {})}
    request: dict[str, Any] = {"TableName": table, "Key": to_item(key), "UpdateExpression": expression}
    if all_values:
        request["ExpressionAttributeValues"] = to_item(all_values)
    if names := _names(expression, condition):
        request["ExpressionAttributeNames"] = names
    if condition:
        request |= {"ConditionExpression": condition, "ReturnValuesOnConditionCheckFailure": on_failure}
    return request


def retry_on_conflict(attempt: Callable[[], T], *, attempts: int = 20, error: Exception) -> T:
    """Repeat a read and conditional write, after short random waits, until no other writer interferes.

    Args:
        attempt: reads and writes; raises :class:`WriteConflict` when the condition of the write does not hold.
        attempts: the maximum number of attempts.
        error: the exception to raise after the last attempt.
    """
    for number in range(attempts):
        try:
            return attempt()
        except WriteConflict:
            backoff.wait(number, 0.01)
    raise error


def transact(actions: Sequence[Mapping[str, Any]]) -> None:
    """Execute at most 100 write actions, all or none; repeats the transaction while it conflicts with others.

    Raises:
        TransactionRefused: conditions of some actions do not hold.
    """
    for attempt in range(_MAX_CONFLICT_ROUNDS):
        try:
            aws.dynamodb().transact_write_items(TransactItems=list(actions))  # type: ignore[arg-type]
        except aws.dynamodb().exceptions.TransactionCanceledException as error:
            codes = [reason.get("Code", "None") for reason in error.response["CancellationReasons"]]
            failed = [position for position, code in enumerate(codes) if code == "ConditionalCheckFailed"]
            if failed:
                raise TransactionRefused(failed) from error
            if attempt == _MAX_CONFLICT_ROUNDS - 1 or not aws_errors.TRANSACTION_CONFLICT_CODES.intersection(codes):
                raise
            backoff.wait(attempt, 0.02)
        else:
            return


def query(table: str, **request: Any) -> Iterator[dict[str, Any]]:
    """Yield all items of a Query, reading page after page on demand.

    Args:
        table: the name of the table.
        request: the client's parameters, with plain ``ExpressionAttributeValues``.
    """
    for items in query_raw(table, **request):
        yield from map(from_item, items)


def query_by_prefix(table: str, pk: str, sk_prefix: str, **request: Any) -> Iterator[dict[str, Any]]:
    """Yield all items of a partition whose sort keys begin with a prefix, in the order of these. See :func:`query`."""
    return query(
        table,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
        ExpressionAttributeValues={":pk": pk, ":sk": sk_prefix},
        **request,
    )


def query_raw(table: str, **request: Any) -> Iterator[list[dict[str, Any]]]:
    """Yield the pages of a Query on demand, with items in DynamoDB's JSON (``{"sk": {"S": "…"}}``). See :func:`query`.

    It is for queries of many items: unmarshalling a million items takes longer than reading them.
    """
    request["ExpressionAttributeValues"] = to_item(request["ExpressionAttributeValues"])
    for page in aws.dynamodb().get_paginator("query").paginate(TableName=table, **request):
        yield page["Items"]


def scan(table: str, condition: str, values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield all items of a table for which a FilterExpression holds. Reads the whole table, so use it only for administration."""
    pages = (
        aws.dynamodb()
        .get_paginator("scan")
        .paginate(TableName=table, FilterExpression=condition, ExpressionAttributeValues=to_item(values))
    )
    for page in pages:
        yield from map(from_item, page["Items"])


def batch_get(table: str, keys: Iterable[Mapping[str, str]], *, consistent: bool = False) -> Iterator[dict[str, Any]]:
    """Yield those of the items that exist, in no particular order. Each request reads 100 keys; requests run concurrently.

    Args:
        table: the name of the table.
        keys: the keys of the items, without duplicates.
        consistent: whether to read with strong consistency.

    Raises:
        RuntimeError: DynamoDB leaves keys unprocessed after several attempts with backoff.
    """
    parts = list(chunks([to_item(key) for key in keys], _MAX_BATCH_GET))
    if len(parts) <= 1:
        return chain.from_iterable(_batch_get_chunk(table, part, consistent) for part in parts)
    with ThreadPoolExecutor(_BATCH_GET_THREADS) as pool:
        return chain.from_iterable(pool.map(lambda part: _batch_get_chunk(table, part, consistent), parts))


def _batch_get_chunk(table: str, keys: Sequence[dict[str, AttributeValue]], consistent: bool) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    pending: Any = {table: {"Keys": keys, "ConsistentRead": consistent}}
    for attempt in range(_MAX_UNPROCESSED_ROUNDS):
        response = aws.dynamodb().batch_get_item(RequestItems=pending)
        items += map(from_item, response["Responses"].get(table, []))
        pending = response.get("UnprocessedKeys")
        if not pending:
            return items
        backoff.wait(attempt, 0.05)
    raise aws_errors.PartlyProcessed(f"DynamoDB leaves keys of a BatchGetItem on {table} unprocessed")


def chunks(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Yield consecutive slices of at most ``size`` values."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
