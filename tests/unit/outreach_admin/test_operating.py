"""outreach-admin for operators: what it moves, erases and shows."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from outreach_admin import importing

from outreach import aws, dynamo
from outreach.contacts import optouts
from outreach.contacts import store as contacts
from outreach.messages import store as messages
from outreach.messages.models import Kind, Message
from outreach.messages.status import Status
from outreach.settings import settings
from tests.support import pipeline
from tests.support.http_server import reply, serving
from tests.support.stack import target
from tests.support.template import QUEUE, resources
from tests.unit.outreach_admin.conftest import Run

NUMBER = "+12125551234"
WORDS = "Your test was positive"


@pytest.fixture
def letters(run: Run) -> str:
    """The send queue with a place for dead letters; the URL of that."""
    name = target(resources(QUEUE)["SendQueue"]["RedrivePolicy"]["deadLetterTargetArn"])
    policy = {"deadLetterTargetArn": f"arn:aws:sqs:us-east-1:123456789012:{name}", "maxReceiveCount": 5}
    aws.sqs().set_queue_attributes(QueueUrl=settings().send_queue_url, Attributes={"RedrivePolicy": json.dumps(policy)})
    return aws.sqs().get_queue_url(QueueName=name)["QueueUrl"]


def waiting(url: str) -> int:
    names: Any = ["ApproximateNumberOfMessages"]
    return int(aws.sqs().get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]["ApproximateNumberOfMessages"])


def test_dead_letters_go_back_to_their_queue(run: Run, letters: str) -> None:
    for number in range(23):
        aws.sqs().send_message(QueueUrl=letters, MessageBody=str(number))
    assert run("redrive", "SendQueue", "--dry-run").json == {"queue": "SendQueue", "found": 23, "moved": 0}
    assert run("redrive", "SendQueue").json["moved"] == 23
    assert (waiting(letters), waiting(settings().send_queue_url)) == (0, 23)


def test_an_unknown_queue_is_not_understood(run: Run) -> None:
    assert run("redrive", "SomeQueue").code == 2


def test_opt_outs_are_added_listed_and_removed(run: Run) -> None:
    for site_id in ("1000", "10000", "20000"):
        run("site", "put", site_id)
    assert run("optout", "add", "10000", NUMBER).json == {"number": NUMBER, "opted_out": True}
    assert [entry["number"] for entry in run("optout", "list", "10000").json] == [NUMBER]
    assert run("optout", "list", "1000").json == run("optout", "list", "20000").json == []
    assert run("optout", "remove", "10000", NUMBER).json["opted_out"] is False
    assert run("optout", "list", "10000").json == []
    assert run("optout", "add", "10000", "0123").code == 2


@pytest.fixture
def person(run: Run) -> str:
    """A contact who got a message, wrote back, has both in a ticket, was written to without being known, and unsubscribed."""
    pipeline.put_site()
    contact_id = pipeline.create_contact(NUMBER, "Ada")
    base = Message(
        "m1", pipeline.SITE, contact_id, pipeline.ACCOUNT.id, "+15005550006", NUMBER, WORDS, "2026-01-01T00:00:00.000Z"
    )
    put(base, status=Status.DELIVERED, ticket_id="1")
    put(base, id="m2", status=Status.DELIVERED, kind=Kind.INBOUND, sender=NUMBER, recipient="+15005550006")
    put(base, id="m3", status=Status.FAILED, kind=Kind.OUTBOUND, contact_id="")
    document = json.dumps({"id": "m1", "body": WORDS, "metadata": {"to": NUMBER}, "attachments": []})
    key = {"pk": {"S": f"SITE#{pipeline.SITE}#TICKET#1"}, "sk": {"S": "MESSAGE#m1"}}
    aws.dynamodb().put_item(TableName=settings().tickets_table, Item={**key, "document": {"S": document}})
    optouts.add(pipeline.SITE, NUMBER, "STOP")
    return contact_id


def put(message: Message, **changes: Any) -> None:
    messages.create_many([replace(message, **changes)])


def everything(run: Run) -> str:
    return str(run("export-site", pipeline.SITE).out)


@pytest.mark.parametrize("by_number", [True, False])
def test_a_person_is_erased_everywhere(run: Run, person: str, by_number: bool) -> None:
    assert WORDS in everything(run)
    erased = run("erase", pipeline.SITE, NUMBER if by_number else person, "--yes", "--opt-out-too")
    assert erased.json == {"contacts": 1, "messages": 3, "ticket_messages": 1, "opt_outs": 1}
    left = everything(run)
    assert [trace for trace in (NUMBER, WORDS, "Ada") if trace in left] == []
    assert messages.get(pipeline.SITE, "m1").status is Status.DELIVERED
    assert contacts.find(pipeline.SITE, person) is None


def test_an_opt_out_outlives_the_person(run: Run, person: str) -> None:
    run("erase", pipeline.SITE, person, "--yes")
    assert optouts.opted_out(pipeline.SITE, [NUMBER]) == {NUMBER}


def test_who_is_being_written_to_is_not_erased(run: Run, person: str) -> None:
    put(messages.get(pipeline.SITE, "m1"), id="m4", status=Status.QUEUED)
    refused = run("erase", pipeline.SITE, person, "--yes")
    assert (refused.code, "under way" in refused.err) == (1, True)
    assert messages.get(pipeline.SITE, "m1").body == WORDS


def test_nothing_is_erased_without_a_yes(run: Run, person: str) -> None:
    assert run("erase", pipeline.SITE, person, stdin="n\n").code == 1
    assert contacts.find(pipeline.SITE, person) is not None


@pytest.mark.parametrize("mistyped", [NUMBER[1:], "+1 212", "Ada"])
def test_neither_a_contact_nor_a_number_is_not_understood(run: Run, person: str, mistyped: str) -> None:
    assert run("erase", pipeline.SITE, mistyped, "--yes").code == 2


@pytest.mark.parametrize(("whom", "said"), [(NUMBER, False), ("+12125559999", True)])
def test_whom_nobody_knows_is_erased_already_which_is_said(run: Run, person: str, whom: str, said: bool) -> None:
    erased = run("erase", pipeline.SITE, whom, "--yes")
    assert (erased.code, "nothing of this person" in erased.err) == (0, said)


def test_an_export_has_one_site_only(run: Run, person: str, tmp_path: Path) -> None:
    pipeline.put_site(pipeline.Site("100000"))
    file = tmp_path / "site.ndjson"
    done = run("export-site", pipeline.SITE, "--to", str(file))
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert (done.code, done.json) == (0, {"file": str(file), "items": len(lines)})
    assert {line["table"] for line in lines} >= {"sites", "contacts", "messages", "tickets"}
    assert [line for line in lines if "100000" in line["item"]["pk"]] == []


def test_a_send_is_watched_to_its_end(run: Run) -> None:
    pipeline.put_site()
    pipeline.create_contact(None)
    state_machine()
    campaign_id = pipeline.create_campaign()["id"]
    record_id = pipeline.send(campaign_id)
    pipeline.fan_out(record_id)
    for name in (campaign_id, record_id):
        shown = run("campaign", "watch", pipeline.SITE, name)
        assert (shown.json["record"], shown.json["status"], shown.json["skipped"]) == (record_id, "completed", 1)
    assert run("campaign", "watch", pipeline.SITE, "unknown").code == 1


def state_machine() -> None:
    aws.stepfunctions().create_state_machine(
        name=settings().campaign_send_arn.rsplit(":", 1)[1], definition="{}", roleArn="arn:aws:iam::123456789012:role/unit-test"
    )


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(importing, "_POLL_SECONDS", 0)
    path = tmp_path / "contacts.csv"
    path.write_text("name,email\nAda,ada@example.com\n")
    return path


@pytest.mark.parametrize(("failed", "code"), [(0, 0), (1, 1)])
def test_a_file_is_imported_and_followed(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failed: int, code: int
) -> None:
    monkeypatch.setattr(importing, "_POLL_SECONDS", 0)
    file = tmp_path / "contacts.csv"
    file.write_text("name,email\nAda,ada@example.com\n")
    states = [("pending", 0), ("running", 0), ("completed", 1)]
    with serving(reply(200)) as bucket:
        answers = [
            {"id": "1", "status": status, "processedRows": rows, "totalRows": 1, "failedCount": failed, "uploadUrl": bucket.url}
            for status, rows in states
        ]
        in_json = {"Content-Type": "application/json"}
        with serving(*(reply(200, json.dumps(answer).encode(), in_json) for answer in answers)) as api:
            done = run("import", str(file), "--api-url", api.url, "--api-key", "a-key")
    assert (done.code, done.json["status"]) == (code, "completed")
    assert bucket.requests[0].body == file.read_bytes()
    assert "authorization" not in bucket.requests[0].headers
    assert {request.headers["authorization"] for request in api.requests} == {"Bearer a-key"}


def test_an_import_that_the_api_refuses_says_why(run: Run, file: Path) -> None:
    problem = reply(403, b'{"detail": "The API key does not allow this"}', {"Content-Type": "application/problem+json"})
    with serving(problem) as api:
        refused = run("import", str(file), "--api-url", api.url, "--api-key", "a-key")
    assert (refused.code, refused.err) == (1, "The API key does not allow this\n")


@pytest.fixture
def backup(run: Run) -> str:
    """A table that was restored: it has a contact of each of two sites that is lost, and one that was changed since."""
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


def test_what_a_restored_table_has_comes_back_for_one_site(run: Run, backup: str) -> None:
    restore = ("restore", backup, settings().contacts_table, "--site", "1")
    assert run(*restore).json == {"copied": 1, "kept": 1}
    assert run(*restore).json == {"copied": 0, "kept": 2}
    assert documents() == {"1 lost": "old", "1 kept": "new"}


def test_a_restore_may_overwrite_and_take_every_site(run: Run, backup: str) -> None:
    assert run("restore", backup, settings().contacts_table, "--overwrite").json == {"copied": 3, "kept": 0}
    assert documents() == {"1 lost": "old", "1 kept": "old", "2 lost": "old"}
