"""template.yaml as the tests see it: tables, queues and variables come from it and not from a copy."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from cfnlint.decode.cfn_yaml import load

ROOT = Path(__file__).parents[2]

QUEUE = "AWS::SQS::Queue"
TABLE = "AWS::DynamoDB::Table"
BUCKET = "AWS::S3::Bucket"

_TABLE_PROPERTIES = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes", "StreamSpecification")


_PSEUDO_PARAMETERS = {
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::AccountId": "123456789012",
    "AWS::StackName": "outreach",
}


@cache
def template() -> dict[str, Any]:
    """The parsed template."""
    return load(str(ROOT / "template.yaml"))


def resources(kind: str) -> dict[str, dict[str, Any]]:
    """Logical id → properties of all resources of a type."""
    return {
        name: resource.get("Properties", {}) for name, resource in template()["Resources"].items() if resource["Type"] == kind
    }


def create_data_resources() -> dict[str, str]:
    """Create the template's tables, queues and buckets in the current (mocked) account.

    Returns:
        What ``Ref`` gives for each of them: table and bucket names, queue URLs.
    """
    references: dict[str, str] = {}
    dynamodb, sqs, s3 = _client("dynamodb"), _client("sqs"), _client("s3")
    for name, properties in resources(TABLE).items():
        wanted = {key: properties[key] for key in _TABLE_PROPERTIES if key in properties}
        if "StreamSpecification" in wanted:
            wanted["StreamSpecification"] = {"StreamEnabled": True, **wanted["StreamSpecification"]}
        dynamodb.create_table(TableName=name, **wanted)
        references[name] = name
    for name in resources(QUEUE):
        references[name] = sqs.create_queue(QueueName=name)["QueueUrl"]
    for name in resources(BUCKET):
        s3.create_bucket(Bucket=name.lower())
        references[name] = name.lower()
    return references


# Making a client takes longer than a mocked call.
_client: Callable[[str], Any] = cache(boto3.client)


def function_environment(references: dict[str, str]) -> dict[str, str]:
    """The functions' variables: references resolved, parameters at their defaults, everything else by a readable stand-in."""
    variables = template()["Globals"]["Function"]["Environment"]["Variables"]
    return {name: _value(name, value, references) for name, value in variables.items()}


def _value(name: str, value: Any, references: dict[str, str]) -> str:
    if not isinstance(value, dict):
        return str(value)
    target = value.get("Ref", "")
    if target in references:
        return references[target]
    if target in template()["Parameters"]:
        return str(template()["Parameters"][target]["Default"])
    if "Fn::Sub" in value:
        return re.sub(r"\$\{(AWS::\w+)}", lambda found: _PSEUDO_PARAMETERS[found[1]], str(value["Fn::Sub"]))
    return f"https://{name.lower().replace('_', '-')}.example"
