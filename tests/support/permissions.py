"""What the functions ask of AWS while the tests run, held against what their policies grant."""

from __future__ import annotations

import json
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from tests.support.stack import as_list, events, folder, functions, statements, target
from tests.support.template import ROOT, resources

T = TypeVar("T")

# What is asked, and of what: a table, one of its indexes, a queue or a bucket by its logical id; "" for anything else.
Permission = tuple[str, str]

# Calls that IAM knows by another name (Service Authorization Reference).
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
_STREAM_ACTIONS = ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")

_running = threading.local()
used: dict[str, set[Permission]] = defaultdict(set)


@contextmanager
def function(path: str | None) -> Iterator[None]:
    """The code inside is the function in ``functions/<path>``, in this thread."""
    before = _path()
    _running.path = path
    try:
        yield
    finally:
        _running.path = before


def carried(work: Callable[..., T]) -> Callable[..., T]:
    """Work that another thread does for the function that runs in this one."""
    path = _path()

    def carry(*arguments: Any, **options: Any) -> T:
        with function(path):
            return work(*arguments, **options)

    return carry


def _path() -> str | None:
    return getattr(_running, "path", None)


def note(client: Any, operation: str, arguments: Mapping[str, Any]) -> None:
    """A call is about to be made.

    Raises:
        AssertionError: by a function whose policy does not allow it.
    """
    path = _path()
    if path is None:
        return
    asked = set(_asked(client.meta.service_model.service_name, operation, arguments))
    used[path] |= asked
    missing = {permission for permission in asked if not granting(permission) & granted()[path]}
    assert not missing, f"{path} may not {sorted(missing)}"


def _asked(service: str, operation: str, arguments: Mapping[str, Any]) -> Iterator[Permission]:
    if operation == "TransactWriteItems":
        for action in arguments["TransactItems"]:
            ((kind, details),) = action.items()
            yield f"dynamodb:{_TRANSACTION[kind]}", details["TableName"]
        return
    if operation == "BatchGetItem":
        yield from (("dynamodb:BatchGetItem", table) for table in arguments["RequestItems"])
        return
    name = f"{_SERVICES.get(service, service)}:{operation}"
    yield _ACTIONS.get(name, name), _of_what(arguments)


def _of_what(arguments: Mapping[str, Any]) -> str:
    if "TableName" in arguments:
        return str(arguments["TableName"]) + (f"/index/{arguments['IndexName']}" if "IndexName" in arguments else "")
    if "QueueUrl" in arguments:
        return str(arguments["QueueUrl"]).rsplit("/", 1)[1]
    if "Bucket" in arguments:
        return _buckets()[arguments["Bucket"]]
    return ""


def granting(permission: Permission) -> set[Permission]:
    """What a policy may say to allow it: it may name one index, or all."""
    action, name = permission
    return {permission, (action, re.sub("/index/.*", "/index/*", name))}


@cache
def _buckets() -> dict[str, str]:
    return {name.lower(): name for name in resources("AWS::S3::Bucket")}


@cache
def granted() -> dict[str, set[Permission]]:
    """By the function's folder: what its policy allows."""
    paths = {name: str(folder(entry).relative_to(ROOT / "functions")) for name, entry in functions().items()}
    found: dict[str, set[Permission]] = {path: set() for path in paths.values()}
    for owner, statement in statements():
        if owner in paths:
            where = [_resource(entry) for entry in as_list(statement["Resource"])]
            found[paths[owner]] |= {(action, name) for action in as_list(statement["Action"]) for name in where}
    return found


def _resource(value: Any) -> str:
    if "Fn::GetAtt" in value:
        return _known(str(value["Fn::GetAtt"][0]))
    text = str(value.get("Fn::Sub", ""))
    name = re.match(r"\$\{(\w+)\.Arn\}(/index/[\w*]+)?", text)
    return _known(name[1]) + (name[2] or "") if name else ""


def _known(name: str) -> str:
    kinds = ("AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::S3::Bucket")
    return name if any(name in resources(kind) for kind in kinds) else ""


def used_by_sources(path: str) -> set[Permission]:
    """What Lambda does in a function's name: it takes messages from queues, reads streams, and puts away what fails."""
    own = {name for name, entry in functions().items() if entry["CodeUri"] == f"functions/{path}"}
    queues = [target(mapping["Queue"]) for name, mapping in events("SQS") if name in own]
    streams = [mapping for name, mapping in events("DynamoDB") if name in own]
    letters = {("sqs:SendMessage", target(mapping["DestinationConfig"]["OnFailure"]["Destination"])) for mapping in streams}
    taken = {(f"sqs:{action}", queue) for queue in queues for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")}
    read = {(f"dynamodb:{action}", target(mapping["Stream"])) for mapping in streams for action in _STREAM_ACTIONS}
    return letters | taken | read


def write_down(file: Path) -> None:
    """Add what was used to what is in the file."""
    before = written_down(file) if file.exists() else {}
    every = {path: sorted(before.get(path, set()) | used.get(path, set())) for path in sorted({*before, *used})}
    file.write_text(json.dumps(every, indent=1) + "\n")


def written_down(file: Path) -> dict[str, set[Permission]]:
    """The inverse of :func:`write_down`."""
    return {path: {(action, name) for action, name in entries} for path, entries in json.loads(file.read_text()).items()}
