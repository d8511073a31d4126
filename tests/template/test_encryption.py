"""With KmsKeyArn, all stored data is encrypted with that key; without it, no role may use a KMS key."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatch
from typing import Any

import pytest

from tests.support.stack import as_list, expanded
from tests.support.template import ROOT, resources

GUIDE = (ROOT / "docs/deploy.md").read_text()

KEY = "arn:aws:kms:us-east-1:123456789012:key/a-key"
DEFAULTS = ("AlarmEmail=operator@example.com",)
WITH_KEY = (*DEFAULTS, f"KmsKeyArn={KEY}")

TABLE = {"SSEEnabled": True, "SSEType": "KMS"}
# By resource type: the encryption properties without KmsKeyArn and with it.
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
    # CloudWatch may not use the AWS-managed key for topics, so no alarm would arrive.
    "AWS::SNS::Topic": ({}, {"KmsMasterKeyId": KEY}),
}


def encryption(properties: dict[str, Any]) -> dict[str, Any]:
    """The encryption properties of a resource."""
    found = {name: value for name, value in properties.items() if "Sse" in name or "SSE" in name or "Kms" in name}
    if "BucketEncryption" in properties:
        (found["BucketEncryption"],) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    return found


@pytest.mark.parametrize("kind", STORES)
@pytest.mark.parametrize("parameters", [DEFAULTS, WITH_KEY], ids=["without-key", "with-key"])
def test_stored_data_is_encrypted(parameters: tuple[str, ...], kind: str) -> None:
    expected = STORES[kind][parameters == WITH_KEY]
    stores = {name: entry["Properties"] for name, entry in expanded(*parameters).items() if entry["Type"] == kind}
    assert stores
    assert {name: encryption(properties) for name, properties in stores.items()} == dict.fromkeys(stores, expected)


def test_a_role_may_use_the_key_to_read_and_write_its_data() -> None:
    """Sending to an encrypted queue and writing an object need a data key, a new secret encryption, and all else decryption."""
    roles = {name: entry["Properties"] for name, entry in expanded(*WITH_KEY).items() if entry["Type"] == "AWS::IAM::Role"}
    assert {name: _key_actions(role) for name, role in roles.items()} == {
        name: _needed_key_actions(role) for name, role in roles.items()
    }


def test_without_a_key_no_role_may_use_one() -> None:
    assert '"kms:' not in json.dumps(expanded(*DEFAULTS))


def _statements(role: dict[str, Any]) -> list[dict[str, Any]]:
    return [statement for policy in role.get("Policies", []) for statement in policy["PolicyDocument"]["Statement"]]


def _key_actions(role: dict[str, Any]) -> list[tuple[str, Any]]:
    granted = [(action, entry["Resource"]) for entry in _statements(role) for action in as_list(entry["Action"])]
    return [(action, resource) for action, resource in granted if action.startswith("kms:")]


def _needed_key_actions(role: dict[str, Any]) -> list[tuple[str, Any]]:
    actions = {action for statement in _statements(role) for action in as_list(statement["Action"])}
    reads = any(action.startswith(("dynamodb:", "s3:", "sqs:", "ssm:")) for action in actions)
    writes = not actions.isdisjoint({"sqs:SendMessage", "s3:PutObject"})
    keeps = "ssm:PutParameter" in actions
    return [("kms:Decrypt", KEY)] * reads + [("kms:Encrypt", KEY)] * keeps + [("kms:GenerateDataKey", KEY)] * writes


def test_the_key_policy_of_the_guide_admits_every_log_group() -> None:
    (policy,) = [block for block in re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL) if '"Logs"' in block]
    (logs,) = [statement for statement in json.loads(policy)["Statement"] if statement["Sid"] == "Logs"]
    patterns = logs["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
    names = [group["LogGroupName"]["Fn::Sub"] for group in resources("AWS::Logs::LogGroup").values()]
    groups = [name.replace("${AWS::StackName}", "<stack>") for name in names]
    assert groups
    assert [group for group in groups if not any(fnmatch(group, pattern.split(":", 6)[6]) for pattern in patterns)] == []
