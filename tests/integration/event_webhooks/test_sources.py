"""What happens in a site reaches the webhooks that subscribe to it: once, and as the API shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import orjson
import pytest
from botocore.exceptions import ClientError
from outreach_admin import table_restore

from outreach import clock, s3
from outreach.campaigns import campaign_records, record_completion
from outreach.campaigns.campaign_records import RecordStatus
from outreach.consent import opt_outs
from outreach.consent.opt_outs import Source
from outreach.errors import NotFound
from outreach.http.job_status import JobStatus
from outreach.imports import import_objects, import_records
from outreach.imports.import_options import ImportOptions
from outreach.imports.import_records import ChunkResult, RowOutcome, SplitFile
from outreach.messages import message_store
from outreach.sending import circuit_breaker
from outreach.sending.circuit_breaker import CircuitBreaker
from outreach.settings import settings
from tests.integration.imports import file_requests
from tests.support import event_webhooks, pipeline, ticket_steps
from tests.support.api_description import validate
from tests.support.crash_points import Crash, dying_at
from tests.support.customer_endpoint import Clock, Customer
from tests.support.event_webhooks import Streams, received
from tests.support.functions import call
from tests.support.pipeline import ACCOUNT, SITE

NUMBER = "+12125550199"
ALL = [
    "reply.received",
    "contact.optedOut",
    "contact.optedIn",
    "campaignRecord.completed",
    "campaignRecord.paused",
    "contactImport.completed",
    "channelAccount.paused",
    "channelAccount.resumed",
]
IMPORT_ID = "0b7d7c86-5e7c-4d2f-9a3b-6a1f1f0b9c11"


@pytest.fixture(autouse=True)
def webhook(customer: Customer) -> dict[str, Any]:
    """A webhook that subscribes to everything."""
    return event_webhooks.create(customer.url, *ALL)


def campaign_record() -> str:
    """Send a campaign without recipients; its record is frozen and waits for its release. Returns the record's id."""
    name = settings().campaign_send_arn.rsplit(":", 1)[1]
    boto3.client("stepfunctions").create_state_machine(
        name=name, definition="{}", roleArn="arn:aws:iam::123456789012:role/unit-test"
    )
    record_id = pipeline.send(pipeline.create_campaign()["id"])
    pipeline.freeze(record_id)
    return record_id


def receive_reply(_clock: Clock) -> None:
    ticket_steps.reply(NUMBER, body="Hello?")


def opt_out(_clock: Clock) -> None:
    opt_outs.add(SITE, NUMBER, Source.KEYWORD)


def opt_in(now: Clock) -> None:
    opt_outs.add(SITE, NUMBER, Source.KEYWORD)
    now.advance(1)
    opt_outs.remove(SITE, NUMBER, Source.KEYWORD)


def complete_record(_clock: Clock) -> None:
    record_completion.try_complete(SITE, campaign_record())


def pause_record(_clock: Clock) -> None:
    record = campaign_records.get(SITE, campaign_record())
    answer = call("outreach/act_on_campaign", "POST", f"/outreach/campaigns/{record.campaign_id}:pause")
    assert answer.status == 200, answer.body


def complete_import(_clock: Clock) -> None:
    record = import_records.create(SITE, IMPORT_ID, ImportOptions())
    import_records.mark_split(record, SplitFile(0, 0, {"name": "name"}))


def pause_account(_clock: Clock) -> None:
    CircuitBreaker(ACCOUNT).record_failure("20003 authenticate", 600)


def resume_account(now: Clock) -> None:
    pause_account(now)
    circuit_breaker.resume(SITE, ACCOUNT.id)


SOURCES: list[tuple[Callable[[Clock], None], list[str]]] = [
    (receive_reply, ["reply.received"]),
    (opt_out, ["contact.optedOut"]),
    (opt_in, ["contact.optedOut", "contact.optedIn"]),
    (complete_record, ["campaignRecord.completed"]),
    (pause_record, ["campaignRecord.paused"]),
    (complete_import, ["contactImport.completed"]),
    (pause_account, ["channelAccount.paused"]),
    (resume_account, ["channelAccount.paused", "channelAccount.resumed"]),
]
every_source = pytest.mark.parametrize(("act", "types"), SOURCES, ids=[act.__name__ for act, _ in SOURCES])


@every_source
def test_an_event_is_delivered_once(
    act: Callable[[Clock], None], types: list[str], customer: Customer, streams: Streams, now: Clock
) -> None:
    act(now)
    streams.deliver()
    bodies = received(customer)
    assert sorted(body["type"] for body in bodies) == sorted(types)
    assert {body["siteId"] for body in bodies} == {SITE}
    for body in bodies:
        validate(body, "Event")
    Streams().deliver()  # the whole stream once more
    assert len(customer.server.requests) == len(types)


@every_source
def test_a_publication_that_crashes_at_any_step_is_completed_by_the_next_one(
    act: Callable[[Clock], None], types: list[str], customer: Customer, streams: Streams, now: Clock
) -> None:
    act(now)
    for step in range(1, 30):
        try:
            with dying_at(step):
                Streams().publish()
        except Crash:
            continue
        break
    streams.deliver()
    assert sorted(body["type"] for body in received(customer)) == sorted(types)
    assert len(set(customer.webhook_ids)) == len(types)


CHANGES: list[tuple[Callable[[], object], Callable[[], bool]]] = [
    (lambda: ticket_steps.reply(NUMBER), lambda: bool(reply_rows())),
    (lambda: opt_outs.add(SITE, NUMBER, Source.KEYWORD), lambda: bool(opt_outs.opted_out_among(SITE, [NUMBER]))),
    (lambda: complete_import(Clock()), lambda: import_status() == JobStatus.COMPLETED),
    (lambda: CircuitBreaker(ACCOUNT).record_failure("out of credit"), lambda: bool(circuit_breaker.state_of(SITE, ACCOUNT.id))),
]


@pytest.mark.parametrize(("change", "has_happened"), CHANGES, ids=["reply", "opt-out", "import", "pause"])
def test_an_event_is_published_if_and_only_if_its_change_is_written(
    change: Callable[[], object], has_happened: Callable[[], bool], customer: Customer, streams: Streams
) -> None:
    """The change crashes at every call in turn, until it gets through."""
    for step in range(1, 30):
        with suppress(Crash), dying_at(step):
            change()
        streams.deliver()
        assert len(received(customer)) == has_happened()
        if has_happened():
            return
    pytest.fail("the change never got through")


def test_a_completed_event_is_published_only_for_a_completed_record(customer: Customer, streams: Streams) -> None:
    record_id = campaign_record()
    for step in range(1, 30):
        with suppress(Crash), dying_at(step):
            record_completion.try_complete(SITE, record_id)
        streams.deliver()
        is_completed = campaign_records.get(SITE, record_id).status is RecordStatus.COMPLETED
        assert len(received(customer)) == is_completed
        if is_completed:
            return
    pytest.fail("the record was never completed")


def reply_rows() -> list[dict[str, Any]]:
    return list(boto3.client("dynamodb").scan(TableName=settings().messages_table)["Items"])


def import_status() -> str | None:
    with suppress(NotFound):
        return import_records.get(SITE, IMPORT_ID).status
    return None


def test_a_reply_event_matches_the_stored_reply(customer: Customer, streams: Streams) -> None:
    contact_id = pipeline.create_contact(NUMBER)
    ticket_steps.reply(NUMBER, body="STOP")
    streams.deliver()
    events_by_type = {body["type"]: body["data"] for body in received(customer)}
    reply = events_by_type["reply.received"]
    row = message_store.get(SITE, reply["id"])
    assert reply == {
        "id": row.id,
        "receivedTime": row.slot,
        "contactId": contact_id,
        "channelAccountId": ACCOUNT.id,
        "from": NUMBER,
        "to": ACCOUNT.number,
        "message": "STOP",
        "attachments": [],
        "keyword": "optOut",
        "campaignId": None,
        "campaignRecordId": None,
        "attachedToTicketId": None,
    }
    opted_out = events_by_type["contact.optedOut"]
    assert (opted_out["number"], opted_out["isOptedOut"], opted_out["contactId"]) == (NUMBER, True, contact_id)


def test_a_second_opt_out_of_a_number_is_no_event(customer: Customer, streams: Streams, now: Clock) -> None:
    opt_outs.remove(SITE, NUMBER, Source.KEYWORD)
    for _ in range(2):
        now.advance(1)
        opt_outs.add(SITE, NUMBER, Source.KEYWORD)
    streams.deliver()
    assert [body["type"] for body in received(customer)] == ["contact.optedOut"]


@pytest.mark.parametrize("act", [complete_record, pause_record])
def test_a_record_event_matches_the_api_response(
    customer: Customer, streams: Streams, now: Clock, act: Callable[[Clock], None]
) -> None:
    act(now)
    streams.deliver()
    (body,) = received(customer)
    assert body["data"] == pipeline.record(body["data"]["id"])


def test_each_pause_of_a_record_publishes_an_event(customer: Customer, streams: Streams) -> None:
    record = campaign_records.get(SITE, campaign_record())
    for _ in range(2):
        paused = campaign_records.change_status(record, RecordStatus.PAUSED, reason="cap_reached")
        campaign_records.count_segments(paused, 1)  # a change while it is paused is no pause
        record = campaign_records.change_status(paused, RecordStatus.RUNNING)
    streams.deliver()
    assert [body["data"]["statusReason"] for body in received(customer)] == ["cap_reached"] * 2
    assert len(set(customer.webhook_ids)) == 2


def test_an_import_event_matches_the_api_and_dry_runs_and_undos_publish_none(customer: Customer, streams: Streams) -> None:
    complete_import(Clock())
    dry_run = import_records.create(SITE, "4e0a6d52-7f3c-4b18-8d25-9c6b1e7f3a04", ImportOptions(is_dry_run=True))
    import_records.mark_split(dry_run, SplitFile(0, 0, {}))
    import_records.request_undo(import_records.get(SITE, IMPORT_ID))
    streams.deliver()
    (body,) = received(customer)
    shown = file_requests.record(IMPORT_ID).body
    assert body["data"] == {**shown, "status": "completed"}


def test_an_import_event_has_the_first_failed_rows(customer: Customer, streams: Streams) -> None:
    rows = [{"row": number, "errors": [], "values": {"name": "x" * 1_000}} for number in range(200)]
    s3.files().put(import_objects.failures_key(SITE, IMPORT_ID, 0), b"".join(orjson.dumps(row) + b"\n" for row in rows))
    record = import_records.create(SITE, IMPORT_ID, ImportOptions())
    record = import_records.mark_split(record, SplitFile(200, 1, {"name": "name"}))
    import_records.complete_chunk(record, ChunkResult(Counter({RowOutcome.FAILED: 200})))
    streams.deliver()
    (body,) = received(customer)
    failed_rows = body["data"]["failedRows"]
    assert failed_rows == rows[: len(failed_rows)]
    assert 50 < len(failed_rows) < 64
    assert body["data"]["failedCount"] == 200
    assert len(file_requests.record(IMPORT_ID).body["failedRows"]) == 200


def test_an_account_pause_publishes_one_event(customer: Customer, streams: Streams, now: Clock) -> None:
    breaker = CircuitBreaker(ACCOUNT)
    breaker.record_failure("out of credit")
    now.advance(circuit_breaker.FIRST_PAUSE_SECONDS)
    assert breaker.allow()
    breaker.record_failure("out of credit")
    streams.deliver()
    (paused,) = received(customer)
    assert paused["data"] == {
        "id": ACCOUNT.id,
        "name": ACCOUNT.number,
        "carrier": "twilio",
        "number": ACCOUNT.number,
        "senderType": "number",
        "messagesPerSecond": 100,
        "status": "paused",
        "statusReason": "out of credit",
        "pausedUntil": "2026-03-03T09:31:00.000Z",
    }
    now.advance(circuit_breaker.LONGEST_PAUSE_SECONDS)
    assert breaker.allow()
    breaker.record_success()
    streams.deliver()
    resumed = received(customer)[-1]
    assert resumed["type"] == "channelAccount.resumed"
    assert resumed["data"] == {**paused["data"], "status": "active", "statusReason": None, "pausedUntil": None}


def test_a_webhook_gets_only_what_it_subscribes_to(webhook: dict[str, Any], customer: Customer, streams: Streams) -> None:
    path = f"{event_webhooks.PATH}/{webhook['id']}"
    assert call("outreach/update_webhook", "PUT", path, {"events": ["contact.optedIn"]}).status == 200
    ticket_steps.reply(NUMBER, body="STOP")
    streams.deliver()
    assert customer.server.requests == []


def test_nothing_is_stored_of_a_site_without_a_subscription(webhook: dict[str, Any], streams: Streams) -> None:
    call("outreach/delete_webhook", "DELETE", f"{event_webhooks.PATH}/{webhook['id']}")
    ticket_steps.reply(NUMBER, body="STOP")
    streams.deliver()
    assert boto3.client("dynamodb").scan(TableName=settings().callbacks_table)["Count"] == 0


TIMED = [(act, types) for act, types in SOURCES if not types[0].startswith("channelAccount")]


@pytest.mark.parametrize(("act", "types"), TIMED, ids=[act.__name__ for act, _ in TIMED])
def test_an_event_says_when_it_happened_to_the_millisecond(
    act: Callable[[Clock], None], types: list[str], customer: Customer, streams: Streams, now: Clock
) -> None:
    now.advance(0.123)
    act(now)
    moment = now.moment
    now.advance(40)
    streams.deliver()
    times = [body["timestamp"] for body in received(customer)]
    assert sorted(times)[-1] == clock.timestamp(moment)
    assert all(time.endswith(".123Z") for time in times)


@every_source
def test_what_comes_back_from_a_backup_is_no_event_until_it_changes(
    act: Callable[[Clock], None], types: list[str], customer: Customer, streams: Streams, now: Clock
) -> None:
    act(now)
    streams.deliver()
    tables = (settings().messages_table, settings().contacts_table, settings().campaigns_table, settings().sites_table)
    backups = {table: lose(table) for table in tables}
    streams.deliver()
    happened = len(received(customer))
    for table, backup in backups.items():
        table_restore.copy(backup, table, None, overwrite=False)
    streams.deliver()
    assert len(received(customer)) == happened
    now.advance(3_600)
    if act is opt_out:
        opt_outs.remove(SITE, NUMBER, Source.KEYWORD)
        streams.deliver()
        assert received(customer)[-1]["type"] == "contact.optedIn"


def lose(table: str) -> str:
    """Lose the items of a table, but no site, account or webhook; return the name of a table with them, as of a backup."""
    name = f"{table}-restored"
    dynamodb = boto3.client("dynamodb")
    described = dynamodb.describe_table(TableName=table)["Table"]
    keys = {entry["AttributeName"] for entry in described["KeySchema"]}
    dynamodb.create_table(
        TableName=name,
        KeySchema=described["KeySchema"],
        AttributeDefinitions=[entry for entry in described["AttributeDefinitions"] if entry["AttributeName"] in keys],
        BillingMode="PAY_PER_REQUEST",
    )
    for item in dynamodb.scan(TableName=table)["Items"]:
        dynamodb.put_item(TableName=name, Item=item)
        if table != settings().sites_table or item["sk"]["S"].startswith("STATE#"):
            dynamodb.delete_item(TableName=table, Key={key: item[key] for key in keys})
    return name


def break_account(_clock: Clock) -> None:
    """Pause an account that is then removed, so that nobody can say what it was."""
    pause_account(_clock)
    account = {"pk": {"S": f"SITE#{SITE}"}, "sk": {"S": f"ACCOUNT#{ACCOUNT.id}"}}
    boto3.client("dynamodb").delete_item(TableName=settings().sites_table, Key=account)


def test_an_event_that_cannot_be_made_holds_up_others_for_minutes_only(
    customer: Customer, streams: Streams, now: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    break_account(now)
    with pytest.raises(NotFound):
        streams.publish()
    # The stream has the time of this machine.
    now.moment = datetime.now(UTC) + timedelta(minutes=4)
    with pytest.raises(NotFound):
        streams.publish()
    now.advance(120)
    streams.deliver()
    assert received(customer) == []
    assert capsys.readouterr().out.count('"WorkGivenUp":[1.0]') == 1


def test_an_event_is_not_given_up_for_failures_that_pass(customer: Customer, streams: Streams, now: Clock) -> None:
    opt_out(now)
    now.moment = datetime.now(UTC) + timedelta(hours=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opt_outs, "from_item", throttled)
        with pytest.raises(ClientError):
            streams.publish()
    streams.deliver()
    assert [body["type"] for body in received(customer)] == ["contact.optedOut"]


def throttled(_item: Any) -> Any:
    raise ClientError({"Error": {"Code": "ThrottlingException"}}, "GetItem")
