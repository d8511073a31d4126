"""With a key of the operator's own, all that is stored is encrypted with it; without one, nobody may use any."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.stack import as_list, expanded

KEY = "arn:aws:kms:us-east-1:123456789012:key/a-key"
DEFAULTS = ("AlarmEmail=operator@example.com",)
WITH_KEY = (*DEFAULTS, f"KmsKeyArn={KEY}")

TABLE = {"SSEEnabled": True, "SSEType": "KMS"}
# By kind: the properties of its encryption without a key and with one.
STORES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "AWS::DynamoDB::Table": ({"SSESpecification": TABLE}, {"SSESpecification": {**TABLE, "KMSMasterKeyId": KEY}}),
    "AWS::SQS::Queue": ({"SqsManagedSseEnabled": True}, {"SqsManagedSseEnabled": False, "KmsMasterKeyId": KEY}),
    "AWS::S3::Bucket": (
        {"BucketEncryption": {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}},
        {
            "BucketEncryption": {
                "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY},
                "BucketKeyEnabled": True,
            }
        },
    ),
    "AWS::Logs::LogGroup": ({}, {"KmsKeyId": KEY}),
    # CloudWatch may not use the key that AWS has for topics: no alarm would arrive.
    "AWS::SNS::Topic": ({}, {"KmsMasterKeyId": KEY}),
}


def encryption(properties: dict[str, Any]) -> dict[str, Any]:
    """What the properties of a resource say of its encryption."""
    said = {name: value for name, value in properties.items() if "Sse" in name or "SSE" in name or "Kms" in name}
    if "BucketEncryption" in properties:
        (said["BucketEncryption"],) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    return said


@pytest.mark.parametrize("kind", STORES)
@pytest.mark.parametrize("parameters", [DEFAULTS, WITH_KEY], ids=["without-key", "with-key"])
def test_what_is_stored_is_encrypted(parameters: tuple[str, ...], kind: str) -> None:
    wanted = STORES[kind][parameters == WITH_KEY]
    stores = {name: entry["Properties"] for name, entry in expanded(*parameters).items() if entry["Type"] == kind}
    assert stores
    assert {name: encryption(properties) for name, properties in stores.items()} == dict.fromkeys(stores, wanted)


def test_a_role_may_use_the_key_for_what_it_reads_and_writes() -> None:
    """Who sends to an encrypted queue or writes an object needs a data key; all else is only decrypted in the role's name."""
    roles = {name: entry["Properties"] for name, entry in expanded(*WITH_KEY).items() if entry["Type"] == "AWS::IAM::Role"}
    assert {name: _of_the_key(role) for name, role in roles.items()} == {name: _needed(role) for name, role in roles.items()}


def test_without_a_key_nobody_may_use_one() -> None:
    assert '"kms:' not in json.dumps(expanded(*DEFAULTS))


def _statements(role: dict[str, Any]) -> list[dict[str, Any]]:
    return [statement for policy in role.get("Policies", []) for statement in policy["PolicyDocument"]["Statement"]]


def _of_the_key(role: dict[str, Any]) -> list[tuple[str, Any]]:
    asked = [(action, entry["Resource"]) for entry in _statements(role) for action in as_list(entry["Action"])]
    return [(action, resource) for action, resource in asked if action.startswith("kms:")]


def _needed(role: dict[str, Any]) -> list[tuple[str, Any]]:
    actions = {action for statement in _statements(role) for action in as_list(statement["Action"])}
    reads = any(action.startswith(("dynamodb:", "s3:", "sqs:", "ssm:")) for action in actions)
    writes = not actions.isdisjoint({"sqs:SendMessage", "s3:PutObject"})
    return [("kms:Decrypt", KEY)] * reads + [("kms:GenerateDataKey", KEY)] * writes
