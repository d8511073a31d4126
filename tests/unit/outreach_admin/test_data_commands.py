"""outreach-admin: dead letters, erasure, export, restore, and the emptying of buckets."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from outreach_admin import buckets

from outreach import aws, dynamo, s3
from outreach.consent import opt_outs
from outreach.consent.opt_outs import Source
from outreach.contacts import contact_store
from outreach.messages import message_store
from outreach.messages.models import Kind, Message
from outreach.messages.status import MessageStatus
from outreach.settings import settings
from outreach.sites.models import Site
from tests.support import pipeline
from tests.support.stack import target
from tests.support.template import QUEUE, resources
from tests.unit.outreach_admin.conftest import Run

NUMBER = "+12125551234"
TEXT = "Your test was positive"


@pytest.fixture
def dead_letter_queue(run: Run) -> str:
    """URL of the dead-letter queue of the send queue."""
    name = target(resources(QUEUE)["SendQueue"]["RedrivePolicy"]["deadLetterTargetArn"])
    policy = {"deadLetterTargetArn": f"arn:aws:sqs:us-east-1:123456789012:{name}", "maxReceiveCount": 5}
    aws.sqs().set_queue_attributes(QueueUrl=settings().send_queue_url, Attributes={"RedrivePolicy": json.dumps(policy)})
    return aws.sqs().get_queue_url(QueueName=name)["QueueUrl"]


def message_count(url: str) -> int:
    names: Any = ["ApproximateNumberOfMessages"]
    return int(aws.sqs().get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]["ApproximateNumberOfMessages"])


def test_dead_letters_go_back_to_their_queue(run: Run, dead_letter_queue: str) -> None:
    for number in range(23):
        aws.sqs().send_message(QueueUrl=dead_letter_queue, MessageBody=str(number))
    assert run("redrive", "SendQueue", "--dry-run").json == {"queue": "SendQueue", "found": 23, "moved": 0}
    assert run("redrive", "SendQueue").json["moved"] == 23
    assert (message_count(dead_letter_queue), message_count(settings().send_queue_url)) == (0, 23)


def test_an_unknown_queue_exits_with_2(run: Run) -> None:
    assert run("redrive", "SomeQueue").code == 2


def test_buckets_are_emptied_so_that_cloudformation_can_delete_them(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "_PAGE_SIZE", 2)
    for number in range(5):
        s3.files().put(f"exports/{number}", b"")
    s3.working_files().put("audiences/10000/a", b"")
    emptied = run("empty-buckets", "--yes").json
    assert {entry["bucket"]: entry["deleted"] for entry in emptied} == {s3.files().name: 5, s3.working_files().name: 1}
    for bucket in (s3.files(), s3.working_files()):
        boto3.client("s3").delete_bucket(Bucket=bucket.name)


def test_buckets_are_not_emptied_without_a_confirmation(run: Run) -> None:
    s3.files().put("exports/1", b"")
    assert {entry["bucket"]: entry["found"] for entry in run("empty-buckets", "--dry-run").json}[s3.files().name] == 1
    assert run("empty-buckets", stdin="n\n").code == 1
    assert s3.files().head("exports/1")


@pytest.fixture
def person(run: Run) -> str:
    """A contact who got messages, replied, has a ticket with a copy, and opted out. One message names only the number."""
    pipeline.put_site()
    contact_id = pipeline.create_contact(NUMBER, "Ada")
    base = Message("m1", pipeline.SITE, contact_id, pipeline.ACCOUNT.id, "+15005550006", NUMBER, TEXT, "2026-01-01T00:00:00.000Z")
    put(base, status=MessageStatus.DELIVERED, ticket_id="1")
    put(base, id="m2", status=MessageStatus.DELIVERED, kind=Kind.INBOUND, sender=NUMBER, recipient="+15005550006")
    put(base, id="m3", status=MessageStatus.FAILED, kind=Kind.OUTBOUND, contact_id="")
    document = json.dumps({"id": "m1", "body": TEXT, "metadata": {"to": NUMBER}, "attachments": []})
    key = {"pk": {"S": f"SITE#{pipeline.SITE}#TICKET#1"}, "sk": {"S": "MESSAGE#m1"}}
    aws.dynamodb().put_item(TableName=settings().tickets_table, Item={**key, "document": {"S": document}})
    opt_outs.add(pipeline.SITE, NUMBER, Source.OPERATOR)
    return contact_id


def put(message: Message, **changes: Any) -> None:
    message_store.create_many([replace(message, **changes)])


def exported(run: Run) -> str:
    return str(run("export-site", pipeline.SITE).out)


@pytest.mark.parametrize("by_number", [True, False])
def test_a_person_is_erased_everywhere(run: Run, person: str, by_number: bool) -> None:
    assert TEXT in exported(run)
    erased = run("erase", pipeline.SITE, NUMBER if by_number else person, "--yes", "--opt-out-too")
    assert erased.json == {"contacts": 1, "messages": 3, "ticket_messages": 1, "copies": 0, "opt_outs": 1}
    remaining = exported(run)
    assert [trace for trace in (NUMBER, TEXT, "Ada") if trace in remaining] == []
    assert message_store.get(pipeline.SITE, "m1").status is MessageStatus.DELIVERED
    assert contact_store.find(pipeline.SITE, person) is None


def test_an_opt_out_survives_the_erasure(run: Run, person: str) -> None:
    run("erase", pipeline.SITE, person, "--yes")
    assert opt_outs.opted_out_among(pipeline.SITE, [NUMBER]) == {NUMBER}


def test_a_person_with_messages_being_sent_is_not_erased(run: Run, person: str) -> None:
    put(message_store.get(pipeline.SITE, "m1"), id="m4", status=MessageStatus.QUEUED)
    refused = run("erase", pipeline.SITE, person, "--yes")
    assert (refused.code, "being sent" in refused.err) == (1, True)
    assert message_store.get(pipeline.SITE, "m1").body == TEXT


def test_nothing_is_erased_without_confirmation(run: Run, person: str) -> None:
    assert run("erase", pipeline.SITE, person, stdin="n\n").code == 1
    assert contact_store.find(pipeline.SITE, person) is not None


@pytest.mark.parametrize("mistyped", [NUMBER[1:], "+1 212", "Ada"])
def test_an_argument_that_is_neither_an_id_nor_a_number_exits_with_2(run: Run, person: str, mistyped: str) -> None:
    assert run("erase", pipeline.SITE, mistyped, "--yes").code == 2


@pytest.mark.parametrize(("number", "is_reported"), [(NUMBER, False), ("+12125559999", True)])
def test_erasing_an_unknown_number_succeeds_and_says_so(run: Run, person: str, number: str, is_reported: bool) -> None:
    erased = run("erase", pipeline.SITE, number, "--yes")
    assert (erased.code, "Nothing about this person" in erased.err) == (0, is_reported)


def test_an_export_contains_only_its_site(run: Run, person: str, tmp_path: Path) -> None:
    pipeline.put_site(Site("100000"))
    file = tmp_path / "site.ndjson"
    done = run("export-site", pipeline.SITE, "--to", str(file))
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert (done.code, done.json) == (0, {"file": str(file), "items": len(lines)})
    assert {line["table"] for line in lines} >= {"sites", "contacts", "messages", "tickets"}
    assert [line for line in lines if "100000" in line["item"]["pk"]] == []


@pytest.fixture
def backup(run: Run) -> str:
    """A restored table with a deleted contact of each of two sites, and a contact that has changed since."""
    ours = aws.dynamodb().describe_table(TableName=settings().contacts_table)["Table"]
    aws.dynamodb().create_table(
        TableName="restored",
        KeySchema=ours["KeySchema"],
        AttributeDefinitions=[entry for entry in ours["AttributeDefinitions"] if entry["AttributeName"] in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
    )
    for site_id, name, table in (("1", "lost", "restored"), ("2", "lost", "restored"), ("1", "kept", "restored")):
        put_contact(table, site_id, name, "old")
    put_contact(settings().contacts_table, "1", "kept", "new")
    return "restored"


def put_contact(table: str, site_id: str, name: str, document: str) -> None:
    item = {"pk": f"SITE#{site_id}#CONTACT#00", "sk": name, "document": document}
    aws.dynamodb().put_item(TableName=table, Item=dynamo.to_item(item))


def documents() -> dict[str, str]:
    items = map(dynamo.from_item, aws.dynamodb().scan(TableName=settings().contacts_table)["Items"])
    return {f"{item['pk'][5]} {item['sk']}": item["document"] for item in items}


def test_a_dry_run_of_a_restore_counts_how_the_tables_differ(run: Run, backup: str) -> None:
    restore = ("restore", backup, settings().contacts_table)
    assert run(*restore, "--dry-run").json == {"same": 0, "missing": 2, "different": 1}
    assert run(*restore).json == {"copied": 2, "kept": 1}


@pytest.mark.parametrize("place", [1, 2])
def test_a_restore_names_the_table_that_does_not_exist(run: Run, backup: str, place: int) -> None:
    command = ["restore", backup, settings().contacts_table, "--dry-run"]
    command[place] = "missing"
    refused = run(*command)
    assert (refused.code, refused.err) == (1, "There is no table missing. `aws dynamodb list-tables` lists the names.\n")


def test_what_has_expired_since_the_backup_is_not_restored(run: Run, backup: str) -> None:
    dynamo.put(backup, {"pk": "SITE#1", "sk": "expired", "expires": 1})
    dynamo.put(backup, {"pk": "SITE#1", "sk": "valid", "expires": 2**33})
    assert run("restore", backup, settings().contacts_table, "--site", "1").json == {"copied": 2, "kept": 1}


def test_restore_copies_the_missing_items_of_one_site(run: Run, backup: str) -> None:
    restore = ("restore", backup, settings().contacts_table, "--site", "1")
    assert run(*restore).json == {"copied": 1, "kept": 1}
    assert run(*restore).json == {"copied": 0, "kept": 2}
    assert documents() == {"1 lost": "old", "1 kept": "new"}


def test_restore_can_overwrite_items_of_all_sites(run: Run, backup: str) -> None:
    assert run("restore", backup, settings().contacts_table, "--overwrite").json == {"copied": 3, "kept": 0}
    assert documents() == {"1 lost": "old", "1 kept": "old", "2 lost": "old"}
