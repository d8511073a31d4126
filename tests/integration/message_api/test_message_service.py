"""POST and PUT /outreach/messages."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from outreach.consent import opt_outs
from outreach.consent.opt_outs import Source
from outreach.messages import message_index, message_store
from outreach.messages.models import ClaimState, Message
from outreach.messages.status import MessageStatus, SkipReason
from outreach.sending import pacing, send_queue
from outreach.sending.send_queue import SendJob
from outreach.settings import settings
from outreach.sites.models import Site
from tests.support import pipeline
from tests.support.functions import Answer, call

NUMBER = "+12125551200"
TICKET = "a1128d68-92e6-4487-a2e8-8234fc9d1f48"
# The example of the API, with an existing channel account.
RECORDED = {
    "sentTime": "2022-05-23 03:00:36.277",
    "channel": "sms",
    "channelAccountId": pipeline.ACCOUNT.id,
    "contactId": "F9928D68-92e6-4487-a2e8-8234fc9d1f48",
    "message": "Hello, please fill in your application form by the end of this week!",
    "from": "Tom Cruise",
    "to": "XXX University",
    "status": "sent",
    "failedReason": "",
    "campaignId": "d3f5b968-ad51-42af-b759-64c0afc40b84",
    "campaignSentTime": "2022-05-22 03:00:36.277",
    "isMessageAutoAttachedToTicket": "yes",
    "preferredTicketToAutoAttach": "newTicket",
    "timeToAutoAttachToTicket": "whenTheMessageIsSent",
    "attachedToTicketId": "a1128d68-92e6-4487-a2e8-8234fc9d1f48",
    "callbackURL": "https://domainname.com/sms/callback",
}


@pytest.fixture(autouse=True)
def _site(aws: None) -> None:
    pipeline.put_site()


def post(**body: Any) -> Answer:
    return call("outreach/create_message", "POST", "/outreach/messages", body)


def get(message_id: str, **options: Any) -> Answer:
    return call("outreach/get_message", "GET", f"/outreach/messages/{message_id}", **options)


def put(message_id: str, **body: Any) -> Answer:
    return call("outreach/update_message", "PUT", f"/outreach/messages/{message_id}", body)


def send(contact_id: str, **changes: Any) -> Answer:
    return post(**{"channelAccountId": pipeline.ACCOUNT.id, "contactId": contact_id, "message": "Hello"} | changes)


def send_new(**changes: Any) -> dict[str, Any]:
    answer = send(pipeline.create_contact(NUMBER), **changes)
    assert answer.status == 201, answer.body
    return dict(answer.body)


def record_new(**changes: Any) -> dict[str, Any]:
    answer = post(**RECORDED | changes)
    assert answer.status == 201, answer.body
    return dict(answer.body)


def row(message: dict[str, Any]) -> Message:
    return message_store.get(pipeline.SITE, message["id"])


def queued_jobs() -> list[SendJob]:
    answer = boto3.client("sqs").receive_message(QueueUrl=settings().send_queue_url, MaxNumberOfMessages=10)
    return [SendJob.from_json(message["Body"]) for message in answer.get("Messages", [])]


def test_a_message_that_was_sent_elsewhere_is_recorded_unchanged() -> None:
    message = record_new()
    expected = RECORDED | {
        "contactId": RECORDED["contactId"].lower(),
        "sentTime": "2022-05-23T03:00:36.277Z",
        "campaignSentTime": "2022-05-22T03:00:36.277Z",
        "isMessageAutoAttachedToTicket": True,
        "campaignRecordId": None,
        "id": message["id"],
    }
    assert message == expected == get(message["id"]).body
    assert queued_jobs() == []


def test_a_message_is_sent_and_delivered(carrier: str) -> None:
    message = send_new()
    assert (message["status"], message["from"], message["to"]) == ("queued", pipeline.ACCOUNT.number, NUMBER)
    pipeline.Pump().run_until(lambda: get(message["id"]).body["status"] == "delivered")
    assert pipeline.accepted(carrier) == [NUMBER]


def test_a_message_to_an_opted_out_number_fails(carrier: str) -> None:
    opt_outs.add(pipeline.SITE, NUMBER, Source.OPERATOR)
    message = send_new()
    pipeline.Pump().run_until(lambda: get(message["id"]).body["status"] == "failed")
    assert "opted_out" in get(message["id"]).body["failedReason"]
    assert pipeline.accepted(carrier) == []


def test_a_message_is_sent_at_once_and_advances_the_accounts_next_slot() -> None:
    before = pacing.reserve(pipeline.ACCOUNT, [6_000], now=0, horizon=1e12).next_free
    message = send_new(message="x" * 161)
    assert [job.recipients[0].message_id for job in queued_jobs()] == [message["id"]]
    after = pacing.next_slot(pipeline.ACCOUNT, now=0)
    assert after - max(before, after - 0.02) == pytest.approx(0.02)


def test_a_message_that_could_not_be_queued_is_left_to_the_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(send_queue, "enqueue", fail)
    message = send_new()
    assert list(message_index.unsettled_ids("9999")) == [(pipeline.SITE, message["id"])]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"contactId": "f9928d68-92e6-4487-a2e8-8234fc9d1f48"}, "/contactId"),
        ({"channelAccountId": "f9928d68-92e6-4487-a2e8-8234fc9d1f48"}, "/channelAccountId"),
        ({"to": "XXX University"}, "/to"),
        ({"message": ""}, "/message"),
        ({"message": "x" * 1601}, "/message"),
        ({"status": "skipped"}, "/status"),
        ({"channel": "fax"}, "/channel"),
        ({"callbackURL": "ftp://example.com"}, "/callbackURL"),
    ],
)
def test_an_invalid_message_is_refused_with_a_pointer(changes: dict[str, Any], pointer: str) -> None:
    answer = send(pipeline.create_contact(NUMBER), **changes)
    assert answer.status == 400
    assert [error["pointer"] for error in answer.body["errors"]] == [pointer]
    assert queued_jobs() == []


def test_all_faults_of_a_message_are_reported_at_once() -> None:
    answer = send("f9928d68-92e6-4487-a2e8-8234fc9d1f48", to="Tom")
    assert (answer.status, [error["pointer"] for error in answer.body["errors"]]) == (400, ["/contactId", "/to"])


def test_a_message_beyond_the_daily_quota_is_refused() -> None:
    pipeline.put_site(Site(pipeline.SITE, daily_segments=3))
    contact_id = pipeline.create_contact(NUMBER)
    assert [send(contact_id, message="x" * 161).status for _ in range(2)] == [201, 429]
    assert send(contact_id).status == 201
    assert len(queued_jobs()) == 2


def test_a_contact_without_a_number_gets_no_message() -> None:
    assert send(pipeline.create_contact(None)).body["errors"][0]["pointer"] == "/to"


def test_a_message_to_a_merged_contact_goes_to_its_survivor() -> None:
    survivor, merged = pipeline.create_contact(NUMBER), pipeline.create_contact(None)
    call("contacts/act_on_contact", "POST", f"/contact/contacts/{survivor}:merge", {"contactId": merged})
    answer = send(merged)
    assert (answer.body["contactId"], answer.body["to"]) == (survivor, NUMBER)


@pytest.mark.parametrize(
    ("properties", "expected"),
    [({}, "https://site.example/cb"), ({"callbackURL": "https://own.example/"}, "https://own.example/")],
)
def test_a_message_without_a_callback_url_has_the_sites(properties: dict[str, str], expected: str) -> None:
    pipeline.put_site(Site(pipeline.SITE, callback_url="https://site.example/cb"))
    message = send_new(**properties)
    assert message["callbackURL"] == expected
    assert row(message).callback


@pytest.mark.parametrize(
    ("before", "after"), [("queued", "sending"), ("queued", "failed"), ("sending", "sent"), ("sent", "delivered")]
)
def test_a_status_moves_forward(before: str, after: str) -> None:
    message = record_new(status=before) if before != "queued" else send_new()
    answer = put(message["id"], status=after.upper())
    assert (answer.status, answer.body["status"]) == (200, after)
    assert row(message).sequence == 1


@pytest.mark.parametrize(
    ("before", "after"), [("sent", "queued"), ("delivered", "sent"), ("failed", "delivered"), ("undelivered", "failed")]
)
def test_a_status_does_not_move_back_or_change_once_final(before: str, after: str) -> None:
    message = record_new(status=before)
    answer = put(message["id"], status=after)
    assert (answer.status, answer.body["code"]) == (409, "invalid_state")
    assert get(message["id"]).body == message


def test_a_response_can_be_sent_back_as_an_update() -> None:
    message = record_new()
    assert put(**{**message, "message_id": message["id"]}).body == message
    assert row(message).sequence == 0


@pytest.mark.parametrize("ticket", ["8", 8, 8.0])
def test_a_ticket_id_may_be_a_string_or_an_integer_in_every_form(ticket: Any) -> None:
    message = record_new(attachedToTicketId=ticket)
    assert message["attachedToTicketId"] == "8"
    assert put(message["id"], attachedToTicketId=ticket).body == message


def test_a_ticket_id_that_is_a_guid_has_any_case() -> None:
    message = record_new(attachedToTicketId=TICKET.upper())
    assert message["attachedToTicketId"] == TICKET
    assert put(message["id"], attachedToTicketId=TICKET.upper()).body == message
    assert ids_of_ticket(TICKET) == ids_of_ticket(TICKET.upper()) == [message["id"]]


def test_a_guid_that_version_0_2_0_has_stored_in_upper_case_is_found() -> None:
    message = record_new()
    message_store.attach(pipeline.SITE, message["id"], TICKET.upper())
    assert ids_of_ticket(TICKET) == [message["id"]]


def ids_of_ticket(ticket: str) -> list[str]:
    answer = call("outreach/list_messages", "GET", f"/outreach/messages?attachedToTicketId={ticket}")
    return [message["id"] for message in answer.body["messages"] if message["attachedToTicketId"] == TICKET]


@pytest.mark.parametrize("rubbish", ["x", "", None, 5])
def test_a_new_message_ignores_its_id_and_needs_no_channel(rubbish: Any) -> None:
    assert record_new(id=rubbish, channel=None)["channel"] == "sms"


def test_a_ticket_id_with_a_fraction_is_refused() -> None:
    answer = post(**RECORDED | {"attachedToTicketId": 8.5})
    assert (answer.status, [error["pointer"] for error in answer.body["errors"]]) == (400, ["/attachedToTicketId"])


def test_an_update_changes_only_the_named_properties() -> None:
    message = record_new()
    changes = {"sentTime": "2022-06-01T00:00:00.000Z", "failedReason": "x", "attachedToTicketId": 7, "to": "+12125551201"}
    assert put(message["id"], **changes).body == message | changes | {"attachedToTicketId": "7"}
    assert get(message["id"]).body == message | changes | {"attachedToTicketId": "7"}


def test_a_null_ticket_in_an_update_keeps_the_ticket() -> None:
    message = send_new(attachedToTicketId=7)
    assert put(message["id"], attachedToTicketId=None, status="sent").body["attachedToTicketId"] == "7"


@pytest.mark.parametrize("name", ["channelAccountId", "message"])
def test_an_update_cannot_remove_what_a_message_must_have(name: str) -> None:
    message = record_new()
    answer = put(message["id"], **{name: None})
    assert (answer.status, [error["pointer"] for error in answer.body["errors"]]) == (400, [f"/{name}"])


@pytest.mark.parametrize("name", ["sentTime", "contactId", "from", "to", "status", "attachedToTicketId"])
@pytest.mark.parametrize("empty", [None, ""])
def test_an_empty_value_keeps_what_a_message_has_in_any_case(name: str, empty: str | None) -> None:
    message = record_new()
    assert put(message["id"], **{name: empty}).body == message


def test_a_whole_message_can_be_sent_back() -> None:
    message = record_new()
    assert put(message["id"], **message | {"from": ""}).body == message


def test_a_new_message_has_not_failed() -> None:
    assert send_new(failedReason="x")["failedReason"] == ""


def test_a_message_that_is_about_to_be_sent_keeps_its_recipient() -> None:
    message = send_new()
    assert put(message["id"], to="+12125551299").status == 409
    assert put(message["id"], to=NUMBER, callbackURL="https://own.example/").status == 200


def test_a_message_updated_to_sent_is_not_sent_again() -> None:
    message = send_new()
    put(message["id"], status="sent")
    with pytest.raises(message_store.ClaimRefused):
        message_store.claim(pipeline.SITE, message["id"], number=message["to"], until=0)
    assert list(message_index.unsettled_ids("9999")) == []


def test_a_concurrent_status_change_is_not_overwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    message = record_new()
    stale = row(message)
    message_store.advance(stale, MessageStatus.DELIVERED)
    assert not message_store.change(stale, stale.__class__(**vars(stale) | {"status": MessageStatus.FAILED, "sequence": 1}))
    assert row(message).status is MessageStatus.DELIVERED


@pytest.mark.parametrize(
    ("body", "status"),
    [({"id": "11183a83-48e9-4d0d-a3bd-fb19ce5c12db"}, 400), ({"channelAccountId": "11183a83-48e9-4d0d-a3bd-fb19ce5c12db"}, 400)],
)
def test_an_update_with_another_id_or_an_unknown_account_is_refused(body: dict[str, Any], status: int) -> None:
    assert put(record_new()["id"], **body).status == status


def test_properties_that_the_campaign_determines_cannot_be_changed(carrier: str) -> None:
    pipeline.create_contact(NUMBER)
    record_id = pipeline.send(pipeline.create_campaign()["id"])
    pipeline.fan_out(record_id)
    pipeline.Pump().run_until(lambda: pipeline.counts(record_id)["delivered"] == 1)
    (message,) = call("outreach/list_messages", "GET", "/outreach/messages").body["messages"]
    assert message["campaignRecordId"] == record_id
    assert get(message["id"]).body == message
    assert put(**{**message, "message_id": message["id"]}).body == message
    assert put(message["id"], isMessageAutoAttachedToTicket=True).body["errors"][0]["pointer"] == "/isMessageAutoAttachedToTicket"


@pytest.mark.parametrize(("request_it", "expected"), [(get, 404), (put, 404)])
def test_a_skipped_message_is_not_found(request_it: Any, expected: int) -> None:
    message = send_new()
    message_store.skip(row(message), SkipReason.CANCELLED)
    assert request_it(message["id"]).status == expected
    assert call("outreach/list_messages", "GET", "/outreach/messages").body["total"] == 0


def test_a_message_of_another_site_is_not_found() -> None:
    assert get(record_new()["id"], site_id="20000").status == 404


def test_the_claim_of_a_recorded_message_is_done() -> None:
    assert row(record_new(status="sending")).claim.state is ClaimState.DONE
