"""Executes the PartiQL statements that the product makes: batches of INSERTs with a parameter for each attribute.

moto overwrites an item whose key exists, and copies all tables for each statement.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from moto.dynamodb.exceptions import ConditionalCheckFailed
from moto.dynamodb.models import DynamoDBBackend

Statement = Mapping[str, Any]

DUPLICATE = {"Code": "DuplicateItem", "Message": "Duplicate primary key exists in table"}

_INSERT = re.compile(r"""INSERT INTO "(?P<table>[\w.-]+)" VALUE \{(?P<values>'[^']+': \?(?:, '[^']+': \?)*)\}""")


def insertion(statement: Statement) -> tuple[str, dict[str, Any]]:
    """Return the table and the item of an INSERT.

    Raises:
        ValueError: the statement is none, or has another number of parameters than places for them.
    """
    found = _INSERT.fullmatch(statement["Statement"])
    if not found:
        raise ValueError(f"not an INSERT with parameters: {statement['Statement']}")
    names = re.findall(r"'([^']+)'", found["values"])
    return found["table"], dict(zip(names, statement["Parameters"], strict=True))


def insert_into_moto(backend: DynamoDBBackend, statements: Sequence[Statement]) -> list[dict[str, Any]]:
    """Answer a BatchExecuteStatement as DynamoDB does."""
    return [_insert(backend, *insertion(statement)) for statement in statements]


def _insert(backend: DynamoDBBackend, table: str, item: dict[str, Any]) -> dict[str, Any]:
    try:
        backend.put_item(table, item, condition_expression="attribute_not_exists(pk)")
    except ConditionalCheckFailed:
        return {"TableName": table, "Error": DUPLICATE}
    return {"TableName": table}
