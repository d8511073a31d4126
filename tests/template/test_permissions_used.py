"""Least privilege: the tests use every permission that a policy grants.

tests/support/permissions.py checks the reverse in each test: a function uses only permissions that its policy grants.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.permissions import Permission, granted, granting, read_record, used_by_sources

# Written by `make record-permissions`.
USED = read_record(Path(__file__).with_name("permissions.json"))

# Permissions that any function may have although the tests do not use them, with the reason.
SHARED: dict[Permission, str] = {
    ("s3:ListBucket", "FilesBucket"): "without it, S3 answers 403 instead of 404 for a missing object",
    ("s3:ListBucket", "AudienceBucket"): "the same",
    ("s3:GetObject", "AudienceBucket"): "responses over 4 MB are stored there; not every test of a list has one",
    ("s3:PutObject", "AudienceBucket"): "the same",
    (
        "dynamodb:DeleteItem",
        "RequestsTable",
    ): "a refused request releases its Idempotency-Key; not every endpoint refuses a request in a test",
    ("iam:PassRole", ""): "creating a schedule passes a role to EventBridge Scheduler",
    ("kms:Decrypt", ""): "AWS uses the key in the function's role; test_encryption.py compares it with the other permissions",
    ("kms:Encrypt", ""): "the same",
    ("kms:GenerateDataKey", ""): "the same",
}


def test_every_function_with_permissions_is_recorded() -> None:
    with_permissions = {path for path, permissions in granted().items() if permissions}
    assert set(USED) == with_permissions, (
        "run: make record-permissions, or the command of docs/contributing.md, step 5 of an endpoint"
    )


@pytest.mark.parametrize("path", granted())
def test_a_function_uses_every_permission_that_it_has(path: str) -> None:
    used = {grant for permission in USED.get(path, set()) for grant in granting(permission)} | used_by_sources(path) | set(SHARED)
    # A statement for a table and its index grants every action on both, although an index only supports queries.
    effective = {(action, name) for action, name in granted()[path] if action == "dynamodb:Query" or "/index/" not in name}
    assert effective - used == set(), "remove them from the policy, or record them: docs/contributing.md, step 5 of an endpoint"
