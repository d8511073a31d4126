"""POST and PUT of messages, as a client sees them."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from outreach.contacts import optouts
from outreach.messages import store
from outreach.messages.models import ClaimState, Message
from outreach.messages.status import SkipReason, Status
from outreach.sending import pacing, queue
from outreach.sending.queue import Due
from outreach.settings import settings
from outreach.sites.models import Site
from tests.support import pipeline
from tests.support.functions import Answer, call

NUMBER = "+12125551200"
# The specification's example, with an account that exists.
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


def sent(**changes: Any) -> dict[str, Any]:
    answer = send(pipeline.create_contact(NUMBER), **changes)
    assert answer.status == 201, answer.body
    return dict(answer.body)


def recorded(**changes: Any) -> dict[str, Any]:
    answer = post(**RECORDED | changes)
    assert answer.status == 201, answer.body
    return dict(answer.body)


def row(message: dict[str, Any]) -> Message:
    return store.get(pipeline.SITE, message["id"])


def queued() -> list[Due]:
    found = boto3.client("sqs").receive_message(QueueUrl=settings().send_queue_url, MaxNumberOfMessages=10)
    return [Due.parse(entry["Body"]) for entry in found.get("Messages", [])]


def test_a_message_that_was_sent_elsewhere_is_kept_as_given() -> None:
    message = recorded()
    expected = RECORDED | {
        "contactId": RECORDED["contactId"].lower(),
        "sentTime": "2022-05-23T03:00:36.277Z",
        "campaignSentTime": "2022-05-22T03:00:36.277Z",
        "isMessageAutoAttachedToTicket": True,
        "campaignRecordId": None,
        "id": message["id"],
    }
    assert message == expected == get(message["id"]).body
    assert queued() == []


def test_a_message_is_delivered_with_all_that_the_carrier_says(carrier: str) -> None:
    message = sent()
    assert (message["status"], message["from"], message["to"]) == ("queued", pipeline.ACCOUNT.number, NUMBER)
    pipeline.Pump().run_until(lambda: get(message["id"]).body["status"] == "delivered")
    assert pipeline.accepted(carrier) == [NUMBER]


def test_a_message_to_somebody_who_opted_out_fails_and_is_not_gone(carrier: str) -> None:
    optouts.add(pipeline.SITE, NUMBER, "test")
    message = sent()
    pipeline.Pump().run_until(lambda: get(message["id"]).body["status"] == "failed")
    assert "opted_out" in get(message["id"]).body["failedReason"]
    assert pipeline.accepted(carrier) == []


def test_a_message_goes_at_once_and_moves_the_accounts_next_slot_on() -> None:
    before = pacing.reserve(pipeline.ACCOUNT, [6_000], now=0, horizon=1e12).free
    message = sent(message="x" * 161)
    assert [due.recipients[0].message_id for due in queued()] == [message["id"]]
    after = pacing.next_slot(pipeline.ACCOUNT, now=0)
    assert after - max(before, after - 0.02) == pytest.approx(0.02)


def test_a_message_whose_queueing_failed_is_there_for_the_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(queue, "enqueue", fail)
    message = sent()
    assert list(store.unsettled("9999")) == [(pipeline.SITE, message["id"])]


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
def test_what_can_not_be_sent_is_refused_with_its_pointer(changes: dict[str, Any], pointer: str) -> None:
    answer = send(pipeline.create_contact(NUMBER), **changes)
    assert answer.status == 400
    assert [error["pointer"] for error in answer.body["errors"]] == [pointer]
    assert queued() == []


def test_nothing_is_sent_beyond_the_sites_allowance_for_the_day() -> None:
    pipeline.put_site(Site(pipeline.SITE, daily_segments=3))
    contact_id = pipeline.create_contact(NUMBER)
    assert [send(contact_id, message="x" * 161).status for _ in range(2)] == [201, 429]
    assert send(contact_id).status == 201
    assert len(queued()) == 2


def test_a_contact_without_a_number_gets_none() -> None:
    assert send(pipeline.create_contact(None)).body["errors"][0]["pointer"] == "/to"


def test_a_message_to_a_merged_contact_goes_to_the_survivor() -> None:
    survivor, merged = pipeline.create_contact(NUMBER), pipeline.create_contact(None)
    call("contacts/act_on_contact", "POST", f"/contact/contacts/{survivor}:merge", {"contactId": merged})
    answer = send(merged)
    assert (answer.body["contactId"], answer.body["to"]) == (survivor, NUMBER)


@pytest.mark.parametrize(
    ("given", "kept"), [({}, "https://site.example/cb"), ({"callbackURL": "https://own.example/"}, "https://own.example/")]
)
def test_a_message_without_a_callback_url_has_the_sites(given: dict[str, str], kept: str) -> None:
    pipeline.put_site(Site(pipeline.SITE, callback_url="https://site.example/cb"))
    message = sent(**given)
    assert message["callbackURL"] == kept
    assert row(message).callback


@pytest.mark.parametrize(
    ("before", "after"), [("queued", "sending"), ("queued", "failed"), ("sending", "sent"), ("sent", "delivered")]
)
def test_a_status_moves_forward(before: str, after: str) -> None:
    message = recorded(status=before) if before != "queued" else sent()
    answer = put(message["id"], status=after.upper())
    assert (answer.status, answer.body["status"]) == (200, after)
    assert row(message).sequence == 1


@pytest.mark.parametrize(
    ("before", "after"), [("sent", "queued"), ("delivered", "sent"), ("failed", "delivered"), ("undelivered", "failed")]
)
def test_a_status_does_not_move_back_or_out_of_a_final_one(before: str, after: str) -> None:
    message = recorded(status=before)
    answer = put(message["id"], status=after)
    assert (answer.status, answer.body["code"]) == (409, "invalid_state")
    assert get(message["id"]).body == message


def test_what_was_got_can_be_put_back() -> None:
    message = recorded()
    assert put(**{**message, "message_id": message["id"]}).body == message
    assert row(message).sequence == 0


def test_a_put_changes_what_it_names_and_keeps_the_rest() -> None:
    message = recorded()
    changes = {"sentTime": "2022-06-01T00:00:00.000Z", "failedReason": "x", "attachedToTicketId": 7, "to": "+12125551201"}
    assert put(message["id"], **changes).body == message | changes | {"attachedToTicketId": "7"}
    assert get(message["id"]).body == message | changes | {"attachedToTicketId": "7"}


def test_a_ticket_that_a_client_does_not_know_of_yet_stays() -> None:
    message = sent(attachedToTicketId=7)
    assert put(message["id"], attachedToTicketId=None, status="sent").body["attachedToTicketId"] == "7"


def test_a_message_that_is_about_to_be_sent_keeps_what_the_carrier_is_told() -> None:
    message = sent()
    assert put(message["id"], to="+12125551299").status == 409
    assert put(message["id"], to=NUMBER, callbackURL="https://own.example/").status == 200


def test_a_message_that_was_put_to_sent_is_not_sent_again() -> None:
    message = sent()
    put(message["id"], status="sent")
    with pytest.raises(store.ClaimRefused):
        store.claim(pipeline.SITE, message["id"], until=0)
    assert list(store.unsettled("9999")) == []


def test_a_change_of_the_status_in_between_is_not_overwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    message = recorded()
    stale = row(message)
    store.advance(stale, Status.DELIVERED)
    assert not store.change(stale, stale.__class__(**vars(stale) | {"status": Status.FAILED, "sequence": 1}))
    assert row(message).status is Status.DELIVERED


@pytest.mark.parametrize(
    ("body", "status"),
    [({"id": "11183a83-48e9-4d0d-a3bd-fb19ce5c12db"}, 400), ({"channelAccountId": "11183a83-48e9-4d0d-a3bd-fb19ce5c12db"}, 400)],
)
def test_a_put_that_names_what_does_not_exist_is_refused(body: dict[str, Any], status: int) -> None:
    assert put(recorded()["id"], **body).status == status


def test_what_the_campaign_determines_can_be_put_back_and_not_changed(carrier: str) -> None:
    pipeline.create_contact(NUMBER)
    record_id = pipeline.send(pipeline.create_campaign()["id"])
    pipeline.fan_out(record_id)
    pipeline.Pump().run_until(lambda: pipeline.counts(record_id)["delivered"] == 1)
    (message,) = call("outreach/list_messages", "GET", "/outreach/messages").body["messages"]
    assert message["campaignRecordId"] == record_id
    assert get(message["id"]).body == message
    assert put(**{**message, "message_id": message["id"]}).body == message
    assert put(message["id"], isMessageAutoAttachedToTicket=True).body["errors"][0]["pointer"] == "/isMessageAutoAttachedToTicket"


@pytest.mark.parametrize(("call_it", "expected"), [(get, 404), (put, 404)])
def test_a_skipped_message_is_none(call_it: Any, expected: int) -> None:
    message = sent()
    store.skip(row(message), SkipReason.CANCELLED)
    assert call_it(message["id"]).status == expected
    assert call("outreach/list_messages", "GET", "/outreach/messages").body["total"] == 0


def test_a_message_of_another_site_is_none() -> None:
    assert get(recorded()["id"], site_id="20000").status == 404


def test_the_claim_of_a_recorded_message_is_done() -> None:
    assert row(recorded(status="sending")).claim.state is ClaimState.DONE
