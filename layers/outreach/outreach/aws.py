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
    # A sixth of a call's CPU time, and AWS checks the parameters itself. In tests the clients check them.
    parameter_validation=False,
)

# Presigned URLs name the region only with these settings. Regions opened since 2019 refuse the global host and older signatures.
_CONFIGS = {
    "s3": _CONFIG.merge(
        Config(signature_version="s3v4", s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"})
    )
}

# Members of responses that contain items, and the operations that return them.
_ITEM_MEMBERS = ("Item", "Items", "Attributes", "Responses")
_ITEM_OPERATIONS = ("GetItem", "BatchGetItem", "Query", "Scan", "UpdateItem", "DeleteItem")


@once
def _client(service: str) -> Any:
    """Return the client of a service. Only one is made at a time, because boto3's default session allows no more."""
    # Shorter than the timeout of any function, so a call that hangs can still be logged and retried.
    patience = Config(
        read_timeout=settings().call_timeout, retries={"mode": "standard", "total_max_attempts": settings().call_attempts}
    )
    client = boto3.client(service, config=_CONFIGS.get(service, _CONFIG).merge(patience))  # type: ignore[call-overload]
    if service == "dynamodb":
        for operation in _ITEM_OPERATIONS:
            client.meta.events.register(f"before-parse.dynamodb.{operation}", _skip_parsing_items)
    return client


def dynamodb() -> DynamoDBClient:
    """Return the client of DynamoDB. It does not parse the items of responses, but returns them as in DynamoDB's JSON.

    That equals botocore's form, except for binaries, which are base64. Parsing each attribute takes botocore a tenth of a call's
    CPU time, and of a query of many items most of it.
    """
    return _client("dynamodb")  # type: ignore[no-any-return]


def _skip_parsing_items(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    if response_dict["status_code"] != HTTPStatus.OK:
        return
    body = orjson.loads(response_dict["body"])
    customized_response_dict.update({name: body.pop(name) for name in _ITEM_MEMBERS if name in body})
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
