"""Least privilege, proven: what a policy grants was used while the tests ran (the reverse, each test sees to itself)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.permissions import Permission, granted, granting, used_by_sources, written_down

# Made by `make permissions`.
USED = written_down(Path(__file__).with_name("permissions.json"))

# What functions may do for reasons that hold for all of them.
SHARED: dict[Permission, str] = {
    ("s3:ListBucket", "FilesBucket"): "without it an object that isn't there is forbidden instead of missing",
    ("s3:ListBucket", "AudienceBucket"): "the same",
    ("s3:GetObject", "AudienceBucket"): "answers of more than 4 MB lie there; not every list's test has one",
    ("s3:PutObject", "AudienceBucket"): "the same",
    (
        "dynamodb:DeleteItem",
        "RequestsTable",
    ): "a refusal frees its Idempotency-Key; not every endpoint is refused in a test",
    ("iam:PassRole", ""): "who makes a schedule passes a role along",
    ("kms:Decrypt", ""): "AWS uses the key in the function's name; test_encryption.py holds it against the other grants",
    ("kms:GenerateDataKey", ""): "the same",
}


def test_every_function_that_may_do_something_has_been_watched() -> None:
    watched = {path for path, permissions in granted().items() if permissions}
    assert set(USED) == watched, "run: make permissions (or its last line with the function's own tests)"


@pytest.mark.parametrize("path", granted())
def test_a_function_uses_all_that_it_may_do(path: str) -> None:
    used = {said for permission in USED.get(path, set()) for said in granting(permission)} | used_by_sources(path) | set(SHARED)
    # A statement that names a table and its index says each action of both, though an index takes queries only.
    meant = {(action, name) for action, name in granted()[path] if action == "dynamodb:Query" or "/index/" not in name}
    assert meant - used == set()
