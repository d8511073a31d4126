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
}
# What no test has used yet, by function: a test or a narrower policy is wanted for each. Nothing else may be idle.
IDLE: dict[str, set[Permission]] = {
    "contacts/batch_delete_contacts": {("dynamodb:GetItem", "ContactsTable")},
    "contacts/update_contact": {("dynamodb:ConditionCheckItem", "ContactsTable")},
    "outreach/act_on_message": {("dynamodb:BatchGetItem", "CampaignsTable")},
    "outreach/create_campaign": {("dynamodb:Query", "ContactsTable"), ("scheduler:UpdateSchedule", "")},
    "outreach/get_message": {("dynamodb:GetItem", "CampaignsTable")},
    "outreach/list_campaign_records": {("dynamodb:BatchGetItem", "CampaignsTable")},
    "outreach/update_campaign": {("dynamodb:Query", "ContactsTable"), ("states:StartExecution", "")},
    "unichannel/create_outbound_message": {("dynamodb:DeleteItem", "SitesTable")},
    "workers/attach_messages": {("ssm:GetParameter", "")},
    "workers/import_rows": {("dynamodb:ConditionCheckItem", "ContactsTable")},
    "workers/plan_freeze": {
        ("dynamodb:BatchGetItem", "ContactsTable"),
        ("dynamodb:GetItem", "ContactsTable"),
        ("dynamodb:UpdateItem", "CampaignsTable"),
    },
    "workers/receive_reply": {
        ("dynamodb:ConditionCheckItem", "ContactsTable"),
        ("dynamodb:DeleteItem", "ContactsTable"),
        ("ssm:GetParameter", ""),
    },
    "workers/release_window": {
        ("dynamodb:Query", "ContactsTable"),
        ("states:DescribeExecution", ""),
        ("states:StartExecution", ""),
        ("states:StopExecution", ""),
    },
    "workers/retry_callbacks": {("dynamodb:GetItem", "CampaignsTable"), ("ssm:GetParameter", "")},
    "workers/send_messages": {("dynamodb:BatchGetItem", "MessagesTable")},
    "workers/sweep": {
        ("dynamodb:GetItem", "CallbacksTable"),
        ("dynamodb:GetItem", "ContactsTable"),
        ("dynamodb:Query", "CallbacksTable/index/parked"),
        ("dynamodb:UpdateItem", "CallbacksTable"),
        ("dynamodb:UpdateItem", "ContactsTable"),
        ("s3:GetObject", "FilesBucket"),
        ("states:StopExecution", ""),
    },
}


def test_every_function_that_may_do_something_has_been_watched() -> None:
    watched = {path for path, permissions in granted().items() if permissions}
    assert set(USED) == watched, "run: make permissions (or its last line with the function's own tests)"


@pytest.mark.parametrize("path", USED)
def test_a_function_uses_all_that_it_may_do(path: str) -> None:
    used = {said for permission in USED[path] for said in granting(permission)} | used_by_sources(path) | set(SHARED)
    # A statement that names a table and its index says each action of both, though an index takes queries only.
    meant = {(action, name) for action, name in granted()[path] if action == "dynamodb:Query" or "/index/" not in name}
    assert meant - used == IDLE.get(path, set())
