"""outreach-admin restore-deleted: a deleted table comes back with its items and everything that a backup does not bring back."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from outreach_admin import deleted_tables, restore_drill

from outreach.settings import settings
from tests.support.template import TABLE, resources
from tests.unit.outreach_admin.conftest import Run


@pytest.fixture(autouse=True)
def _without_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restore_drill, "_POLL_SECONDS", 0)


def delete(table: str, *, backups: int) -> None:
    dynamodb = boto3.client("dynamodb")
    for number in range(backups):
        dynamodb.put_item(TableName=table, Item={"pk": {"S": str(number)}})
        dynamodb.create_backup(TableName=table, BackupName=f"backup-{number}")
    dynamodb.delete_table(TableName=table)


def settings_of(table: str) -> tuple[bool, str | None, str, bool]:
    dynamodb = boto3.client("dynamodb")
    described: Any = dynamodb.describe_table(TableName=table)["Table"]
    expiry: Any = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    backups = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    recovery = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
    return "LatestStreamArn" in described, expiry.get("AttributeName"), recovery, described["DeletionProtectionEnabled"]


def test_a_table_comes_back_as_of_its_newest_backup_and_a_repeat_changes_nothing(run: Run) -> None:
    table = settings().messages_table
    delete(table, backups=2)
    first, second = run("restore-deleted", "messages").json, run("restore-deleted", "messages").json
    assert (first["stream"], second["backup"]) == (second["stream"], None)
    assert boto3.client("dynamodb").scan(TableName=table)["Count"] == 2
    assert settings_of(table) == (True, "expires", "ENABLED", True)


def test_a_table_without_a_stream_gets_none(run: Run) -> None:
    delete(settings().requests_table, backups=1)
    assert run("restore-deleted", "requests", "--no-protect").json["stream"] is None
    assert settings_of(settings().requests_table) == (False, "expires", "ENABLED", False)


def test_without_a_backup_nothing_is_made(run: Run) -> None:
    delete(settings().callbacks_table, backups=0)
    result = run("restore-deleted", "callbacks")
    assert (result.code, "no backup" in result.err) == (1, True)
    assert settings().callbacks_table not in boto3.client("dynamodb").list_tables()["TableNames"]


def test_an_unknown_table_exits_with_2(run: Run) -> None:
    assert run("restore-deleted", "things").code == 2


def test_the_command_knows_the_streams_and_expiries_of_the_template() -> None:
    def having(name: str) -> set[str]:
        return {table.removesuffix("Table").lower() for table, properties in resources(TABLE).items() if name in properties}

    assert having("StreamSpecification") == deleted_tables.STREAMS
    assert having("TimeToLiveSpecification") == deleted_tables.EXPIRING
    views = [entry["StreamSpecification"] for entry in resources(TABLE).values() if "StreamSpecification" in entry]
    assert views == [{"StreamViewType": "NEW_AND_OLD_IMAGES"}] * len(deleted_tables.STREAMS)
    expiries = [entry["TimeToLiveSpecification"] for entry in resources(TABLE).values() if "TimeToLiveSpecification" in entry]
    assert expiries == [{"AttributeName": "expires", "Enabled": True}] * len(deleted_tables.EXPIRING)
