"""Reads template.yaml, so that tests use the tables, queues and environment variables of the real stack."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from cfnlint.decode.cfn_yaml import load
from moto.backends import get_backend
from moto.core.models import DEFAULT_ACCOUNT_ID

ROOT = Path(__file__).parents[2]

QUEUE = "AWS::SQS::Queue"
TABLE = "AWS::DynamoDB::Table"
BUCKET = "AWS::S3::Bucket"

_TABLE_PROPERTIES = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes", "StreamSpecification")

_REGION = "us-east-1"
_PSEUDO_PARAMETERS = {
    "AWS::Partition": "aws",
    "AWS::Region": _REGION,
    "AWS::AccountId": "123456789012",
    "AWS::StackName": "outreach",
}


_new_client = boto3.client
_client = cache(_new_client)


def client(service: str, *, config: Config | None = None, **options: Any) -> Any:
    """Replaces ``boto3.client``: creating a client takes as long as a mocked call. All clients check parameters.

    Calls of the mocked DynamoDB are not signed, because signing takes a sixth of their time.
    """
    if config:
        options["config"] = config.merge(Config(parameter_validation=True))
        if service == "dynamodb" and "AWS_ENDPOINT_URL_DYNAMODB" not in os.environ:
            options["config"] = options["config"].merge(Config(signature_version=UNSIGNED))
    return _new_client(service, **options) if options else _client(service)  # type: ignore[call-overload]


@cache
def template() -> dict[str, Any]:
    """The parsed template."""
    return dict(load(str(ROOT / "template.yaml")))


def resources(kind: str) -> dict[str, dict[str, Any]]:
    """The properties of all resources of a type, by logical id."""
    return {
        name: resource.get("Properties", {}) for name, resource in template()["Resources"].items() if resource["Type"] == kind
    }


def create_data_resources(*, is_dynamodb_mocked: bool = True) -> dict[str, str]:
    """Create the template's tables, queues and buckets in the mocked account.

    Args:
        is_dynamodb_mocked: whether the tables are there, too, and not in another server.

    Returns:
        The value of ``Ref`` for each logical id: a table's name, a bucket's name or a queue's URL.
    """
    # Straight into moto's data, because calls would take longer than most tests.
    sqs, s3 = moto_backend("sqs"), get_backend("s3")[DEFAULT_ACCOUNT_ID]["aws"]
    if is_dynamodb_mocked:
        moto_backend("dynamodb").tables.update(deepcopy(_tables()))
    else:
        _replace_tables()
    references = {name: name for name in resources(TABLE)}
    for name in resources(QUEUE):
        references[name] = sqs.create_queue(name).url(urlparse(f"https://sqs.{_REGION}.amazonaws.com"))
    for name in resources(BUCKET):
        references[name] = s3.create_bucket(name.lower(), _REGION).name
    return references


def _replace_tables() -> None:
    """Create the template's tables, empty, in a server that is not mocked and has no streams."""
    dynamodb = client("dynamodb")
    for name in dynamodb.list_tables()["TableNames"]:
        dynamodb.delete_table(TableName=name)
    for name, definition in _definitions():
        definition.pop("StreamSpecification", None)
        dynamodb.get_waiter("table_not_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
        dynamodb.create_table(TableName=name, **definition)
        dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})


def _definitions() -> Iterator[tuple[str, dict[str, Any]]]:
    """The names of the template's tables, and what creates them."""
    for name, properties in resources(TABLE).items():
        definition = {key: json.loads(json.dumps(properties[key])) for key in _TABLE_PROPERTIES if key in properties}
        # Its condition is not met by default.
        for index in definition.get("GlobalSecondaryIndexes", []):
            index.pop("WarmThroughput", None)
        yield name, definition


@cache
def _tables() -> dict[str, Any]:
    """moto's data of the template's tables, which are empty."""
    for name, definition in _definitions():
        if "StreamSpecification" in definition:
            definition["StreamSpecification"] = {"StreamEnabled": True, **definition["StreamSpecification"]}
        client("dynamodb").create_table(TableName=name, **definition)
    tables = {name: moto_backend("dynamodb").tables.pop(name) for name in resources(TABLE)}
    return deepcopy(tables)


def moto_backend(service: str) -> Any:
    """Return moto's data of a service. Reading it directly makes no AWS call."""
    return get_backend(service)[DEFAULT_ACCOUNT_ID][_REGION]  # type: ignore[call-overload]


def set_redrive_policy(queue: str) -> None:
    """Give a mocked queue the dead-letter queue that it has in the template."""
    policy = resources(QUEUE)[queue]["RedrivePolicy"]
    arn = f"arn:aws:sqs:us-east-1:{DEFAULT_ACCOUNT_ID}:{policy['deadLetterTargetArn']['Fn::GetAtt'][0]}"
    attributes = {"RedrivePolicy": json.dumps({**policy, "deadLetterTargetArn": arn})}
    sqs = client("sqs")
    sqs.set_queue_attributes(QueueUrl=sqs.get_queue_url(QueueName=queue)["QueueUrl"], Attributes=attributes)


# What the next release switches on by default; this one must work with it.
_SWITCHED_ON = {"SEPARATE_TEXT_BYTES": "250"}


def function_environment(references: dict[str, str]) -> dict[str, str]:
    """The environment variables of all functions, and those of single functions.

    References, parameters (their defaults, or what the next release switches on) and ARNs are resolved; every other value is
    replaced by a readable URL.
    """
    variables = dict(template()["Globals"]["Function"]["Environment"]["Variables"])
    for function in resources("AWS::Serverless::Function").values():
        variables |= function.get("Environment", {}).get("Variables", {})
    return {name: _value(name, value, references) for name, value in variables.items()} | _SWITCHED_ON


def _value(name: str, value: Any, references: dict[str, str]) -> str:
    if not isinstance(value, dict):
        return str(value)
    target = value.get("Ref", "")
    if target in references:
        return references[target]
    if target in template()["Parameters"]:
        return str(template()["Parameters"][target]["Default"])
    if target:
        return str(target)
    if "Fn::GetAtt" in value:
        return _arn(str(value["Fn::GetAtt"][0]))
    if isinstance(value.get("Fn::Sub"), str):
        return re.sub(r"\$\{(AWS::\w+)}", lambda match: _PSEUDO_PARAMETERS[match[1]], str(value["Fn::Sub"]))
    return f"https://{name.lower().replace('_', '-')}.example"


def _arn(name: str) -> str:
    """The ARN of a resource, as AWS would form it: of a role or of a queue."""
    kind = "iam::{}:role/{}" if template()["Resources"][name]["Type"] == "AWS::IAM::Role" else f"sqs:{_REGION}:{{}}:{{}}"
    return "arn:aws:" + kind.format(DEFAULT_ACCOUNT_ID, name)
