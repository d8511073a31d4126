"""Brings a deleted table back under its name: from the backup that DynamoDB makes when it deletes a table, with its settings."""

from __future__ import annotations

from typing import Any

from outreach import aws
from outreach_admin.restore_drill import wait_until_restored

# What a backup does not bring back, as template.yaml has it: the tables with a stream, and those whose items expire.
STREAMS = frozenset({"contacts", "campaigns", "messages", "sites"})
EXPIRING = frozenset({"callbacks", "campaigns", "contacts", "messages", "requests"})


def restore(table: str, name: str, *, protect: bool) -> dict[str, Any]:
    """Restore a table, unless it exists, and set what a backup does not bring back. May be repeated.

    Args:
        table: what the table is for, such as ``contacts``.
        name: its name.
        protect: whether it is protected from deletion.

    Returns:
        The time of the backup (``None`` if the table exists) and the ARN of the new stream.

    Raises:
        ValueError: there is no backup.
    """
    client = aws.dynamodb()
    backed_up = None
    try:
        client.describe_table(TableName=name)
    except client.exceptions.ResourceNotFoundException:
        backup = _newest_backup(name)
        client.restore_table_from_backup(TargetTableName=name, BackupArn=backup["BackupArn"])
        backed_up = backup["BackupCreationDateTime"]
    wait_until_restored(name)
    # First, because changes that are made before it are in no stream.
    if table in STREAMS:
        _update(name, "LatestStreamArn", StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
    if table in EXPIRING and "AttributeName" not in client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]:
        client.update_time_to_live(TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"})
    client.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})
    if protect:
        _update(name, "DeletionProtectionEnabled", DeletionProtectionEnabled=True)
    return {"backup": backed_up, "stream": client.describe_table(TableName=name)["Table"].get("LatestStreamArn")}


def _update(name: str, done: str, **change: Any) -> None:
    """Change a table, unless it has the attribute ``done``; then wait, because DynamoDB makes one change at a time."""
    client = aws.dynamodb()
    if not client.describe_table(TableName=name)["Table"].get(done):
        client.update_table(TableName=name, **change)
        wait_until_restored(name)


def _newest_backup(name: str) -> Any:
    pages = aws.dynamodb().get_paginator("list_backups").paginate(TableName=name, BackupType="ALL")
    backups = [backup for page in pages for backup in page["BackupSummaries"] if backup["BackupStatus"] == "AVAILABLE"]
    if not backups:
        raise ValueError(f"There is no backup of {name}. DynamoDB makes one when it deletes a table, and keeps it for 35 days.")
    return max(backups, key=lambda backup: backup["BackupCreationDateTime"])
