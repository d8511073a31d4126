"""outreach-admin erase: every place that may hold a person is filled; then only the documented ones still do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
from outreach_admin.traces import ERASED, ERASED_EMAIL, Traces

from outreach import aws, clock, dynamo, s3
from outreach.campaigns import campaign_records, campaign_store, snapshot_store
from outreach.consent import opt_outs
from outreach.consent.opt_outs import Source
from outreach.contacts import contact_store
from outreach.contacts.contact_documents import item_of
from outreach.contacts.models import IdentityType
from outreach.events import event_store
from outreach.events.models import Event, EventType
from outreach.http.job_status import JobStatus
from outreach.imports import import_objects, import_records
from outreach.imports.import_options import ImportOptions
from outreach.imports.import_records import ImportRecord
from outreach.messages import message_rows, message_store
from outreach.messages.models import Kind, Message
from outreach.messages.status import MessageStatus
from outreach.settings import settings
from outreach.ticketing import ticket_store
from outreach.ticketing.models import AuthorType, ContentType, TicketMessage
from tests.support import pipeline
from tests.support.functions import call
from tests.support.pipeline import ACCOUNT, SITE
from tests.unit.outreach_admin.conftest import Run, create_state_machine

NUMBER, WHATSAPP, EMAIL, EXTERNAL_ID = "+12125551234", "+442079460018", "ada.lovelace@mail.example", "crm-77"
NAME, TEXT = "Ada Lovelace", "Your test was positive"
IMPORT, UNFINISHED = "0b7d7c86-5e7c-4d2f-9a3b-6a1f1f0b9c11", "1b7d7c86-5e7c-4d2f-9a3b-6a1f1f0b9c11"
STRANGER = "+12125559999"
TABLES = ("sites", "contacts", "campaigns", "messages", "callbacks", "tickets", "requests")
# Each number in any spelling, and whatever else tells the person.
TRACES = re.compile(
    r"212\W{0,2}555\W?1234|20\W?7946\W?0018|ada\.lovelace@|crm-77|Ada Lovelace|Charing Cross|test was positive", re.IGNORECASE
)


def dump() -> Iterator[tuple[str, str]]:
    """Each item of all tables and each object of all buckets: where it is, and its text."""
    for name in TABLES:
        for item in aws.dynamodb().scan(TableName=getattr(settings(), f"{name}_table"))["Items"]:
            values = dynamo.from_item(item)
            yield f"{name} {values['pk']} {values.get('sk', '')}", json.dumps(values, default=str)
    for bucket in (s3.files(), s3.working_files()):
        for key in bucket.keys(""):
            yield key, bucket.get(key).decode("utf-8", "replace")


def places() -> set[str]:
    """Where the person is found, with ids left out."""
    found = {place.replace("#", " ").replace("/", " ") for place, text in dump() if TRACES.search(place) or TRACES.search(text)}
    return {" ".join(word for word in place.split() if re.fullmatch(r"[A-Za-z-]+", word)) for place in found}


@pytest.fixture
def person(run: Run) -> str:
    """A person in every place; the id of the contact."""
    pipeline.put_site()
    create_state_machine()
    contact_id = create_contacts()
    create_campaigns(contact_id)
    create_messages(contact_id)
    create_files(contact_id)
    opt_outs.add(SITE, NUMBER, Source.OPERATOR, reason=f"{NAME} called")
    return contact_id


def create_contacts() -> str:
    contact_id = keyed("contacts/create_contact", "/contact/contacts", contact_body(("SMS", NUMBER), ("externalID", EXTERNAL_ID)))
    other_id = keyed("contacts/create_contact", "/contact/contacts", contact_body(("whatsApp", WHATSAPP), ("email", EMAIL)))
    call("contacts/act_on_contact", "POST", f"/contact/contacts/{contact_id}:merge", {"contactId": other_id})
    pipeline.create_contact(STRANGER, "Charles", description="ask Ada at (212) 555-1234", phone=NUMBER)
    return contact_id


def contact_body(*identities: tuple[str, str]) -> dict[str, Any]:
    fields = {"mailingAddress": "Charing Cross"}
    return {
        "name": NAME,
        "customFields": fields,
        "contactIdentities": [{"type": kind, "value": value} for kind, value in identities],
    }


def keyed(function: str, path: str, body: Any) -> str:
    """POST with an Idempotency-Key; the id in the answer."""
    answer = call(function, "POST", path, body, headers={"Idempotency-Key": orjson.dumps(body).hex()[-40:]})
    assert answer.status in (200, 201), answer.body
    return str(answer.body["id"])


def create_campaigns(contact_id: str) -> None:
    conditions = [("SMS", "(212) 555-1234"), ("email", EMAIL.upper()), ("name", NAME.lower()), ("externalID", EXTERNAL_ID)]
    body = {
        "contactFilterConditions": [
            {"fieldName": name, "operator": "Is", "value": value, "order": order}
            for order, (name, value) in enumerate(conditions)
        ],
        "description": f"for {EMAIL}",
    }
    campaign = pipeline.create_campaign(**body, message=f"Questions? Call +1 212.555.1234 or write to {EMAIL}")
    keyed("outreach/act_on_campaign", f"/outreach/campaigns/{campaign['id']}:send", None)


def create_messages(contact_id: str) -> None:
    base = Message("m1", SITE, contact_id, ACCOUNT.id, "+15005550006", NUMBER, TEXT, "2026-01-01T00:00:00.000Z")
    delivered = replace(base, status=MessageStatus.DELIVERED, ticket_id="1")
    reply = replace(base, id="m2", kind=Kind.INBOUND, sender=NUMBER, recipient="+15005550006", status=MessageStatus.DELIVERED)
    failed = replace(base, id="m3", kind=Kind.OUTBOUND, contact_id="", status=MessageStatus.FAILED)
    failed = replace(failed, failed_reason=f"21211: The 'To' number {NUMBER} is not a valid phone number.")
    foreign = replace(base, id="m4", contact_id="other", recipient=STRANGER, body=f"Call {NUMBER}", status=MessageStatus.SENT)
    message_store.create_many([delivered, reply, failed, foreign, *map(_with_long_text, (delivered, failed, foreign))])
    dynamo.put(settings().messages_table, message_rows.new_text(replace(delivered, id="m5", text_digest="of another text")))
    ticket_id = ticket_store.open_ticket(SITE, contact_id, ACCOUNT.id, origin="m1")
    message = TicketMessage("t1", ticket_id, "agent", AuthorType.CONTACT, clock.timestamp(clock.now()), ContentType.TEXT, "SMS")
    delivery = {"messageId": "t0", "status": "failed", "failReason": f"{NAME} does not answer"}
    ticket_store.attach(SITE, replace(message, body=TEXT, metadata={"from": NUMBER}, message_delivery=delivery))
    ticket_store.attach(SITE, replace(message, id="m1", body=TEXT, metadata={"to": NUMBER}))
    data = {"contactId": contact_id, "from": NUMBER, "message": TEXT, "attachments": [{"url": "https://a.example/1"}]}
    event_store.put_new(Event("e1", SITE, EventType.REPLY_RECEIVED, "2026-01-01T00:00:00.000Z", data))
    attempts = [{"time": "2026-01-01T00:00:00.000Z", "outcome": "failed", "reason": f"no route for {NUMBER}"}]
    dynamo.put(settings().callbacks_table, {"pk": f"{SITE}#m1", "attempts": attempts, "version": 3})


def _with_long_text(message: Message) -> Message:
    """The same message with another id and a text that has an item of its own."""
    return replace(message, id=f"{message.id}-long", body=f"{message.body} {'and so on ' * 30}")


def create_files(contact_id: str) -> None:
    import_records.put(ImportRecord(IMPORT, SITE, "2026-01-01T00:00:00.000Z", status=JobStatus.COMPLETED, chunks=1))
    files, contact = s3.files(), contact_store.get(SITE, contact_id)
    values = {"Name": NAME, "Mobile": "212-555-1234", "Street": "Charing Cross"}
    files.put_lines(import_objects.chunk_key(SITE, IMPORT, 0), [["Name", "Mobile"], {"row": 2, "values": values}, OTHER_ROW])
    failed = {"row": 2, "values": values, "errors": [{"column": "Name", "message": f"{NAME} is no name"}]}
    files.put_lines(import_objects.failures_key(SITE, IMPORT, 0), [failed])
    warning = {"row": 2, "column": "Mobile", "message": "212-555-1234 cannot be texted"}
    files.put_lines(import_objects.warnings_key(SITE, IMPORT, 0), [warning])
    for key in (import_objects.before_key(SITE, IMPORT, 0), import_objects.simulated_key(SITE, IMPORT, 0)):
        files.put_lines(key, [item_of(contact, settings().contact_shards)])
    raw = [import_objects.upload_key(SITE, IMPORT), import_objects.failed_rows_key(SITE, IMPORT)]
    answers = [f"{prefix}/{SITE}/1" for prefix in ("exports", "export-requests")]
    lists = [f"{prefix}/list_contacts/{SITE}/1" for prefix in ("list-requests", "list-results")]
    for key in (*raw, *answers, *lists):
        files.put(key, f"{NAME},{NUMBER}".encode("utf-16" if key in raw else "utf-8"))
    s3.working_files().put(f"answers/{SITE}/1", NUMBER.encode())


OTHER_ROW = {"row": 3, "values": {"Name": "Charles", "Mobile": STRANGER}}

DOCUMENTED = {"contacts SITE OPTOUT", "contacts SITE OPTOUTS"}


@pytest.mark.parametrize("by_number", [True, False])
def test_a_person_is_left_only_in_the_documented_places(run: Run, person: str, by_number: bool) -> None:
    assert len(places()) > 15
    erased = run("erase", SITE, NUMBER if by_number else person, "--yes")
    assert erased.code == 0, erased.err
    assert places() == DOCUMENTED
    assert [change.reason for change in opt_outs.history(SITE, NUMBER)] == [None]
    assert opt_outs.opted_out_among(SITE, [NUMBER]) == {NUMBER}
    assert run("erase", SITE, NUMBER, "--yes", "--opt-out-too").json["opt_outs"] == 1
    assert places() == set()


def test_what_belongs_to_others_stays(run: Run, person: str) -> None:
    run("erase", SITE, person, "--yes")
    (charles,) = (contact for contact, _ in contact_store.find_by_identities(SITE, [("SMS", STRANGER)]))  # type: ignore[list-item]
    assert (charles.name, charles.values["description"], charles.version) == ("Charles", f"ask Ada at {ERASED}", 2)  # type: ignore[index]
    assert s3.files().get_lines(import_objects.chunk_key(SITE, IMPORT, 0)) == [
        ["Name", "Mobile"],
        {"row": 2, "values": {}},
        OTHER_ROW,
    ]
    assert message_store.get(SITE, "m4").body == f"Call {ERASED}"
    assert message_store.get(SITE, "m4-long").body == f"Call {ERASED} {'and so on ' * 30}"
    assert message_store.get(SITE, "m3").failed_reason == f"21211: The 'To' number {ERASED} is not a valid phone number."
    assert len(ticket_store.messages(SITE, 1)) == 2


def test_conditions_and_snapshots_keep_their_form(run: Run, person: str) -> None:
    run("erase", SITE, person, "--yes")
    (campaign,) = campaign_store.list_all(SITE)
    values = [ERASED, ERASED_EMAIL, ERASED, ERASED]
    assert [condition.value for condition in campaign.contact_filter.conditions] == values
    (record,) = campaign_records.list_by_campaign(SITE, campaign.id)
    snapshot = snapshot_store.get(SITE, record.id)
    assert [condition["value"] for condition in snapshot["contactFilterConditions"]] == values
    assert campaign.message == f"Questions? Call {ERASED} or write to {ERASED_EMAIL}"
    assert call("outreach/act_on_campaign", "POST", f"/outreach/campaigns/{campaign.id}:preview").body["audience"] == 0


def test_a_replay_of_a_request_about_the_person_has_no_content(run: Run, person: str) -> None:
    body = contact_body(("SMS", NUMBER), ("externalID", EXTERNAL_ID))
    run("erase", SITE, person, "--yes")
    key = {"Idempotency-Key": orjson.dumps(body).hex()[-40:]}
    answer = call("contacts/create_contact", "POST", "/contact/contacts", body, headers=key)
    assert (answer.status, answer.headers["Idempotency-Replayed"], answer.body) == (201, "true", {})


def test_the_rows_of_a_person_leave_the_event_of_an_import(run: Run, person: str) -> None:
    mine: dict[str, Any] = {"row": 2, "values": {"Mobile": NUMBER, "Notes": "afraid of dogs"}}
    errors = [{"column": "Mobile", "message": f"{NUMBER} is taken"}]
    rows = {"failedRows": [{**mine, "errors": errors}, OTHER_ROW], "rows": [mine, OTHER_ROW], "warnings": []}
    event_store.put_new(Event("e9", SITE, EventType.IMPORT_COMPLETED, "2026-01-01T00:00:00.000Z", {"id": IMPORT, **rows}))
    run("erase", SITE, person, "--yes")
    emptied: dict[str, Any] = {"row": 2, "values": {}}
    failed = {**emptied, "errors": [{"column": "Mobile", "message": ERASED}]}
    erased = {"id": IMPORT, "failedRows": [failed, OTHER_ROW], "rows": [emptied, OTHER_ROW], "warnings": []}
    assert orjson.loads(event_store.get_bodies(SITE, ["e9"])["e9"])["data"] == erased


def test_a_person_in_a_dry_run_is_erased(run: Run, person: str) -> None:
    options = ImportOptions(is_dry_run=True)
    import_records.put(
        ImportRecord(UNFINISHED, SITE, "2026-01-01T00:00:00.000Z", options=options, status=JobStatus.COMPLETED, chunks=1)
    )
    key = import_objects.chunk_key(SITE, UNFINISHED, 0)
    s3.files().put_lines(key, [["SMS"], {"row": 2, "values": {"SMS": NUMBER}}])
    run("erase", SITE, person, "--yes")
    assert s3.files().get_lines(key) == [["SMS"], {"row": 2, "values": {}}]


def test_a_person_in_the_name_of_a_file_is_erased(run: Run, person: str) -> None:
    name = f"everything about {EMAIL}.csv"
    import_records.put(ImportRecord(UNFINISHED, SITE, "2026-01-01T00:00:00.000Z", file_name=name, status=JobStatus.COMPLETED))
    run("erase", SITE, person, "--yes")
    assert import_records.get(SITE, UNFINISHED).file_name == f"everything about {ERASED_EMAIL}.csv"


def test_a_person_in_a_file_that_is_being_imported_is_not_erased(run: Run, person: str) -> None:
    import_records.put(ImportRecord(UNFINISHED, SITE, "2026-01-01T00:00:00.000Z", status=JobStatus.RUNNING, chunks=1))
    s3.files().put_lines(import_objects.chunk_key(SITE, UNFINISHED, 0), [["SMS"], {"row": 2, "values": {"SMS": NUMBER}}])
    refused = run("erase", SITE, person, "--yes")
    assert (refused.code, UNFINISHED in refused.err) == (1, True)
    assert contact_store.find(SITE, person)


# ------------------------------------------------------------------ traces


@pytest.mark.parametrize(
    "spelling",
    [NUMBER, "12125551234", "0012125551234", "(212) 555-1234", "+1 (212) 555.1234", "212 555 1234", "+١٢١٢٥٥٥١٢٣٤"],
)
def test_a_number_is_found_in_any_spelling(spelling: str) -> None:
    text = f"call {spelling}, please"
    redacted = Traces(frozenset([NUMBER])).redact(text)
    assert not re.search(r"\d", redacted)
    assert redacted.startswith("call ")
    assert redacted.endswith(f"{ERASED}, please")


@pytest.mark.parametrize(
    "text", ["+121255512345", "92125551234", "+1 212 555 1235", "555-1234", "bada.lovelace@mail.example", "Ada"]
)
def test_a_longer_or_another_value_is_not_a_trace(text: str) -> None:
    traces = Traces(frozenset([NUMBER]), frozenset([EMAIL]), names=frozenset(["Ada"]))
    assert traces.redact({"body": text}) == {"body": text}


def test_a_number_with_the_digits_of_a_date_changes_no_stored_time() -> None:
    traces = Traces(frozenset(["+4520261129"]))
    assert traces.redact("2026-11-29T11:00:00.000Z") == "2026-11-29T11:00:00.000Z"
    assert traces.redact("call 20 26 11 29") == f"call {ERASED}"


def test_messages_of_a_contact_that_was_deleted_before_are_emptied(run: Run, person: str) -> None:
    assert call("contacts/delete_contact", "DELETE", f"/contact/contacts/{person}").status == 204
    run("erase", SITE, NUMBER, "--yes")
    assert {message_store.get(SITE, message_id).body for message_id in ("m1", "m2", "m1-long")} == {ERASED}


def test_a_message_that_names_the_person_keeps_its_long_text_until_it_is_sent(run: Run, person: str) -> None:
    waiting = replace(_with_long_text(message_store.get(SITE, "m4")), id="m6", status=MessageStatus.QUEUED)
    message_store.create_many([waiting])
    assert run("erase", SITE, person, "--yes").code != 0
    assert message_store.get(SITE, "m6").body == waiting.body


def test_a_name_is_a_trace_only_as_the_whole_value_of_a_condition_or_cell() -> None:
    traces = Traces(frozenset(), names=frozenset(["Will"]))
    assert traces.redact({"name": "Will", "message": "We will"}) == {"name": "Will", "message": "We will"}
    assert traces.redact({"fieldName": "name", "value": "WILL"})["value"] == ERASED
    assert traces.redact({"row": 2, "values": {"Name": "Will"}})["values"] == {"Name": ERASED}
    assert traces.redact('{"field_name": "name", "value": "will"}') == '{"field_name":"name","value":"erased"}'


def test_an_identity_of_another_system_is_a_trace_only_where_it_cannot_be_a_number() -> None:
    traces = Traces(frozenset(), ids=frozenset([(IdentityType.EXTERNAL_ID, "42"), (IdentityType.VISITOR, "visitor-42")]))
    for field, value in (("externalid", ERASED), ("visitor", "42"), ("score", "42")):
        assert traces.redact({"fieldName": field, "value": "42"})["value"] == value
    assert traces.redact({"values": {"a": "42", "b": "visitor-42"}})["values"] == {"a": "42", "b": ERASED}
