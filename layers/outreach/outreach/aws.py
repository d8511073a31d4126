"""Creates all AWS clients: on first use, once per process, with bounded timeouts."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import boto3
import orjson
from botocore.config import Config

from outreach.once import once
from outreach.settings import settings

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_s3 import S3Client
    from types_boto3_scheduler import EventBridgeSchedulerClient
    from types_boto3_sqs import SQSClient
    from types_boto3_ssm import SSMClient
    from types_boto3_stepfunctions import SFNClient

_CONFIG = Config(
    connect_timeout=2,
    max_pool_connections=40,
    # Without a given value botocore builds one for each call, which takes a quarter of the call's CPU time.
    user_agent="outreach",
)

# Presigned URLs name the region only with these settings. Regions opened since 2019 refuse the global host and older signatures.
_CONFIGS = {
    "s3": _CONFIG.merge(
        Config(signature_version="s3v4", s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"})
    )
}

_RAW_ITEMS = "in bulk"


@once
def _client(service: str, use: str = "") -> Any:
    """Return the client of a service for one use. Only one is made at a time, because boto3's default session allows no more."""
    # Shorter than the timeout of any function, so a call that hangs can still be logged and retried.
    patience = Config(
        read_timeout=settings().call_timeout, retries={"mode": "standard", "total_max_attempts": settings().call_attempts}
    )
    client = boto3.client(service, config=_CONFIGS.get(service, _CONFIG).merge(patience))  # type: ignore[call-overload]
    if use == _RAW_ITEMS:
        client.meta.events.register("before-parse.dynamodb.Query", _skip_parsing_items)
    return client


def dynamodb() -> DynamoDBClient:
    return _client("dynamodb")  # type: ignore[no-any-return]


def dynamodb_raw_items() -> DynamoDBClient:
    """Return a client for queries of many items. It does not parse the items, but returns them as in DynamoDB's JSON.

    That equals botocore's form for strings and numbers. Parsing each attribute takes botocore several times as long as the rest
    of such a query.
    """
    return _client("dynamodb", _RAW_ITEMS)  # type: ignore[no-any-return]


def _skip_parsing_items(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    if response_dict["status_code"] == HTTPStatus.OK:
        body = orjson.loads(response_dict["body"])
        customized_response_dict["Items"] = body.pop("Items", [])
        response_dict["body"] = orjson.dumps(body)


def s3() -> S3Client:
    return _client("s3")  # type: ignore[no-any-return]


def scheduler() -> EventBridgeSchedulerClient:
    return _client("scheduler")  # type: ignore[no-any-return]


def sqs() -> SQSClient:
    return _client("sqs")  # type: ignore[no-any-return]


def ssm() -> SSMClient:
    return _client("ssm")  # type: ignore[no-any-return]


def stepfunctions() -> SFNClient:
    return _client("stepfunctions")  # type: ignore[no-any-return]
