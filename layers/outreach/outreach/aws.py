"""The one place that makes AWS clients: lazily, once a process, with bounded waiting."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import boto3
import orjson
from botocore.config import Config

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_s3 import S3Client
    from types_boto3_scheduler import EventBridgeSchedulerClient
    from types_boto3_sqs import SQSClient
    from types_boto3_stepfunctions import SFNClient

_CONFIG = Config(
    # Shorter than any function's time-out, so that a stuck call fails where it can still be reported and retried.
    connect_timeout=2,
    read_timeout=8,
    max_pool_connections=40,
    retries={"mode": "standard", "max_attempts": 4},
    # Where none is given, botocore puts one together at each call, out of all it knows: a quarter of the call's CPU time.
    user_agent="outreach",
)


# Without it, presigned URLs are signed in a way that newer regions refuse.
_SIGNED_AS_ALL_REGIONS_TAKE_IT = Config(signature_version="s3v4")


@cache
def _client(service: str, config: Config | None = None) -> Any:
    return boto3.client(service, config=_CONFIG.merge(config) if config else _CONFIG)  # type: ignore[call-overload]


def dynamodb() -> DynamoDBClient:
    return _client("dynamodb")  # type: ignore[no-any-return]


@cache
def dynamodb_in_bulk() -> DynamoDBClient:
    """For Queries of many items: these are as DynamoDB sends them, which for strings and numbers is the client's usual form.

    botocore looks at each member of each item by itself, which takes several times as long as all the rest of a scan.
    """
    client: DynamoDBClient = boto3.client("dynamodb", config=_CONFIG)
    client.meta.events.register("before-parse.dynamodb.Query", _leave_items_alone)
    return client


def _leave_items_alone(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    if response_dict["status_code"] == HTTPStatus.OK:
        answer = orjson.loads(response_dict["body"])
        customized_response_dict["Items"] = answer.pop("Items", [])
        response_dict["body"] = orjson.dumps(answer)


def s3() -> S3Client:
    return _client("s3", _SIGNED_AS_ALL_REGIONS_TAKE_IT)  # type: ignore[no-any-return]


def scheduler() -> EventBridgeSchedulerClient:
    return _client("scheduler")  # type: ignore[no-any-return]


def sqs() -> SQSClient:
    return _client("sqs")  # type: ignore[no-any-return]


def stepfunctions() -> SFNClient:
    return _client("stepfunctions")  # type: ignore[no-any-return]
