"""Checks the functions' AWS calls in tests against their policies, and records which permissions they use."""

from __future__ import annotations

import fcntl
import json
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from tests.support import limits, partiql
from tests.support.stack import as_list, consumers, folder, functions, statements, target
from tests.support.template import QUEUE, ROOT, TABLE, resources

T = TypeVar("T")

# An IAM action, and the logical id of its resource: a table, a table's index, a queue or a bucket; "" for any other resource.
Permission = tuple[str, str]

# API operations whose IAM action has another name (Service Authorization Reference).
_ACTIONS = {
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "s3:HeadObject": "s3:GetObject",
    "s3:CreateMultipartUpload": "s3:PutObject",
    "s3:UploadPart": "s3:PutObject",
    "s3:CompleteMultipartUpload": "s3:PutObject",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:CopyObject": "s3:PutObject",
}
_SERVICES = {"stepfunctions": "states"}
_TRANSACTION = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}
_QUEUE_ACTIONS = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
_STREAM_ACTIONS = ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")

_running = threading.local()
used: dict[str, set[Permission]] = defaultdict(set)


@contextmanager
def function(path: str | None) -> Iterator[None]:
    """Attribute the AWS calls of this thread to the function in ``functions/<path>``; to no function for ``None``."""
    outer_path = _path()
    _running.path = path
    try:
        yield
    finally:
        _running.path = outer_path


def attributed(work: Callable[..., T]) -> Callable[..., T]:
    """Wrap work for another thread: its calls are attributed to the function that runs in this thread."""
    path = _path()

    def run(*arguments: Any, **options: Any) -> T:
        with function(path):
            return work(*arguments, **options)

    return run


def _path() -> str | None:
    return getattr(_running, "path", None)


def note(client: Any, operation: str, arguments: Mapping[str, Any]) -> None:
    """Record the permissions that a call needs.

    Raises:
        AssertionError: the policy of the function that makes the call does not allow it, or the call exceeds a quota of AWS
            or does not fit its model.
    """
    path = _path()
    if path is None:
        return
    limits.check(operation, arguments)
    if shape := client.meta.service_model.operation_model(operation).input_shape:
        limits.check_model(shape, arguments)
    needed = set(_needed(client.meta.service_model.service_name, operation, arguments))
    used[path] |= needed
    missing = {permission for permission in needed if not granting(permission) & granted()[path]}
    assert not missing, f"{path} may not {sorted(missing)}"


def _needed(service: str, operation: str, arguments: Mapping[str, Any]) -> Iterator[Permission]:
    if operation == "TransactWriteItems":
        for action in arguments["TransactItems"]:
            ((kind, details),) = action.items()
            yield f"dynamodb:{_TRANSACTION[kind]}", details["TableName"]
        return
    if operation == "BatchExecuteStatement":
        yield from (("dynamodb:PartiQLInsert", partiql.insertion(statement)[0]) for statement in arguments["Statements"])
        return
    if operation == "BatchGetItem":
        yield from (("dynamodb:BatchGetItem", table) for table in arguments["RequestItems"])
        return
    name = f"{_SERVICES.get(service, service)}:{operation}"
    yield _ACTIONS.get(name, name), _resource_of(arguments)


def _resource_of(arguments: Mapping[str, Any]) -> str:
    if "TableName" in arguments:
        return str(arguments["TableName"]) + (f"/index/{arguments['IndexName']}" if "IndexName" in arguments else "")
    if "QueueUrl" in arguments:
        return str(arguments["QueueUrl"]).rsplit("/", 1)[1]
    if "Bucket" in arguments:
        return _buckets()[arguments["Bucket"]]
    return ""


def granting(permission: Permission) -> set[Permission]:
    """The permissions that allow a call: a policy may name one index or all indexes of a table."""
    action, name = permission
    return {permission, (action, re.sub("/index/.*", "/index/*", name))}


@cache
def _buckets() -> dict[str, str]:
    return {name.lower(): name for name in resources("AWS::S3::Bucket")}


@cache
def granted() -> dict[str, set[Permission]]:
    """The permissions that each function's policy grants, by the function's folder."""
    paths = {name: str(folder(entry).relative_to(ROOT / "functions")) for name, entry in functions().items()}
    by_path: dict[str, set[Permission]] = {path: set() for path in paths.values()}
    for owner, statement in statements():
        if owner in paths:
            names = [_resource(entry) for entry in as_list(statement["Resource"])]
            by_path[paths[owner]] |= {(action, name) for action in as_list(statement["Action"]) for name in names}
    return by_path


def _resource(value: Any) -> str:
    if "Fn::GetAtt" in value:
        return _data_resource(str(value["Fn::GetAtt"][0]))
    text = str(value.get("Fn::Sub", ""))
    name = re.match(r"\$\{(\w+)\.Arn\}(/index/[\w*]+)?", text)
    return _data_resource(name[1]) + (name[2] or "") if name else ""


def _data_resource(name: str) -> str:
    kinds = ("AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::S3::Bucket")
    return name if any(name in resources(kind) for kind in kinds) else ""


def used_by_sources(path: str) -> set[Permission]:
    """The permissions that Lambda itself uses in the function's role: to read queues and streams and to keep failed batches."""
    names = {name for name, entry in functions().items() if entry["CodeUri"] == f"functions/{path}"}
    queues = [queue for name, queue, _ in consumers(QUEUE) if name in names]
    streams = [(table, mapping) for name, table, mapping in consumers(TABLE) if name in names]
    failures = {("sqs:SendMessage", target(mapping["DestinationConfig"]["OnFailure"]["Destination"])) for _, mapping in streams}
    received = {(f"sqs:{action}", queue) for queue in queues for action in _QUEUE_ACTIONS}
    read = {(f"dynamodb:{action}", table) for table, _ in streams for action in _STREAM_ACTIONS}
    return failures | received | read


def write_record(file: Path) -> None:
    """Add the used permissions to those in the file; several processes may do so at the same time."""
    with file.open("a+") as stored:
        fcntl.flock(stored, fcntl.LOCK_EX)
        stored.seek(0)
        recorded = _parsed(stored.read() or "{}")
        total = {path: sorted(recorded.get(path, set()) | used.get(path, set())) for path in sorted({*recorded, *used})}
        stored.truncate(0)
        stored.write(json.dumps(total, indent=1) + "\n")


def read_record(file: Path) -> dict[str, set[Permission]]:
    """Read the permissions that :func:`write_record` wrote."""
    return _parsed(file.read_text())


def _parsed(text: str) -> dict[str, set[Permission]]:
    return {path: {(action, name) for action, name in entries} for path, entries in json.loads(text).items()}
