"""POST /outboundunichannel/messages with both carriers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import boto3
import pytest
import requests

from outreach import parameter_store
from outreach.carriers import registry
from outreach.consent import opt_outs
from outreach.consent.opt_outs import Source
from outreach.delivery.outcome_recording import CLAIM_SECONDS
from outreach.messages import message_index, message_store
from outreach.messages.status import MessageStatus
from outreach.parameter_store import ParameterUnavailable
from outreach.repair import sweep
from outreach.sending.circuit_breaker import CircuitBreaker, state_of
from outreach.sites import secrets, site_store
from tests.support import http_server
from tests.support.carriers import ACCOUNTS, Channel, status
from tests.support.functions import Answer, call
from tests.support.pipeline import SITE

NUMBER = "+12125550199"
URL = "/outboundunichannel/messages"
PICTURE = {"type": "image", "url": "https://example.com/a.png", "size": 12, "name": "a.png"}


def post(channel: Channel, *, scopes: str = "", **changes: Any) -> Answer:
    body = {"channelAccountId": channel.account.id, "to": NUMBER, "message": "Hello"} | changes
    return call("unichannel/create_outbound_message", "POST", URL, body, scopes=scopes)


def accepted(channel: Channel) -> list[dict[str, Any]]:
    return list(requests.get(f"{channel.simulator}/_simulate/messages", timeout=5).json()["messages"])


def unresolved_id(answer: Answer) -> str:
    """The id of a message whose outcome is not known yet."""
    assert (answer.status, answer.body["code"]) == (503, "carrier_unavailable")
    return str(answer.body["detail"].split("Message ")[1].split()[0])


def test_a_message_is_sent_while_the_client_waits(channel: Channel) -> None:
    contact_id = "f9928d68-92e6-4487-a2e8-8234fc9d1f48"
    answer = post(channel, to="(212) 555-0199", contactId=contact_id.upper(), attachments=[PICTURE])
    (message,) = accepted(channel)
    assert answer.status == 200
    assert answer.body.pop("status") in ("sent", "delivered")
    assert answer.body.pop("sentTime").endswith("Z")
    assert answer.body == {
        "id": answer.body["id"],
        "originMessageid": message["sid"],
        "channelAccountId": channel.account.id,
        "contactId": contact_id,
        "message": "Hello",
        "attachments": [PICTURE],
        "to": NUMBER,
        "failedReason": "",
        "callbackURL": None,
    }


@pytest.mark.parametrize(
    ("to", "number"),
    [
        ("tel:+1-212-555-0199 ext. 5", NUMBER),
        ("00 1 212 555 0199.0", NUMBER),
        ("+999123456789", "+999123456789"),
    ],
)
def test_a_message_goes_to_exactly_the_number_that_is_given(channel: Channel, to: str, number: str) -> None:
    assert post(channel, to=to).body["to"] == number


@pytest.mark.parametrize("to", ["+12125550199 Tom", "2125550199 (mobile)", "n/a", "447911123456", "12", "+1+2125550199"])
def test_a_message_to_anything_else_is_refused(channel: Channel, to: str) -> None:
    answer = post(channel, to=to)
    assert (answer.status, answer.body["errors"][0]["pointer"], accepted(channel)) == (400, "/to", [])


def test_a_sent_message_ends_the_pause_of_its_account(channel: Channel) -> None:
    CircuitBreaker(channel.account).record_failure("20003: no", seconds=60)
    channel.clock.skip(61)
    assert post(channel).status == 200
    assert state_of(SITE, channel.account.id) is None


def test_attachments_reach_the_carrier(channel: Channel) -> None:
    answer = post(channel, message="", attachments=[PICTURE])
    sid = answer.body["originMessageid"]
    if channel.name == "twilio":
        assert sid.startswith("MM")
    else:
        shown = requests.get(
            f"{channel.simulator}/v2/messages/{sid}", headers={"Authorization": "Bearer local-telnyx-key"}, timeout=5
        )
        assert [medium["url"] for medium in shown.json()["data"]["media"]] == [PICTURE["url"]]


@pytest.mark.parametrize("ending", ["0101", "0102"])
def test_a_refusal_is_answered_with_200_and_its_reason(channel: Channel, ending: str) -> None:
    answer = post(channel, to=f"+1212555{ending}")
    assert (answer.status, answer.body["status"], channel.calls()) == (200, "failed", ["refused"])
    assert answer.body["failedReason"]


def test_a_recipient_who_has_opted_out_gets_no_message(channel: Channel) -> None:
    opt_outs.add(SITE, NUMBER, Source.OPERATOR)
    answer = post(channel)
    assert (answer.status, answer.body["status"], answer.body["failedReason"]) == (200, "failed", "opted_out")
    assert channel.calls() == []


@pytest.mark.parametrize(
    ("ending", "calls"),
    [
        ("0104", {"twilio": ["429", "429", "accepted"], "telnyx": ["429", "429", "accepted"]}),
        ("0106", {"twilio": ["lost"], "telnyx": ["lost", "replayed"]}),
    ],
    ids=["throttled", "unknown outcome"],
)
def test_a_message_is_sent_once_after_an_outage(
    channel: Channel, without_receipts: None, ending: str, calls: dict[str, list[str]]
) -> None:
    message_id = unresolved_id(post(channel, to=f"+1212555{ending}"))
    channel.run_until(lambda: status(message_id) == "sent")
    assert channel.calls() == calls[channel.name]


def test_a_crash_after_the_call_does_not_send_the_message_again(
    channel: Channel, without_receipts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = registry.send

    def crash(*request: Any) -> None:
        send(*request)
        raise SystemExit

    monkeypatch.setattr(registry, "send", crash)
    with pytest.raises(SystemExit):
        post(channel)
    monkeypatch.setattr(registry, "send", send)
    channel.clock.skip(CLAIM_SECONDS + 60)
    sweep.repair_all()
    channel.run_until(lambda: not list(message_index.unsettled_ids("9999")))
    assert channel.calls() == {"twilio": ["accepted"], "telnyx": ["accepted", "replayed"]}[channel.name]


def test_reconciliation_does_not_match_two_messages_to_one_carrier_message(channel: Channel, without_receipts: None) -> None:
    ids = []
    for _ in range(2):
        ids.append(unresolved_id(post(channel, to="+12125550106")))
        channel.run_until(lambda: not list(message_index.unsettled_ids("9999")))
    messages = message_store.get_many(SITE, ids).values()
    assert {message.status for message in messages} == {MessageStatus.SENT}
    assert len({message.carrier_message_id for message in messages}) == 2


def test_a_receipt_that_arrives_before_the_response_is_the_answer(channel: Channel) -> None:
    answer = post(channel, to="+12125550106")
    assert (answer.status, answer.body["status"], channel.calls()) == (200, "delivered", ["lost"])


def test_a_request_may_name_another_carrier_of_the_site(channel: Channel) -> None:
    (other,) = (account for account in ACCOUNTS.values() if account is not channel.account)
    answer = post(channel, channelCarrier=other.carrier.upper())
    assert (answer.status, answer.body["channelAccountId"]) == (200, other.id)
    assert accepted(channel)[0]["from"] == other.number


def test_an_outbound_message_is_not_listed_as_an_outreach_message(channel: Channel) -> None:
    contact_id = "f9928d68-92e6-4487-a2e8-8234fc9d1f48"
    post(channel, contactId=contact_id)
    for query in ("", f"?contactId={contact_id}"):
        assert call("outreach/list_messages", "GET", f"/outreach/messages{query}").body["total"] == 0


def test_callbacks_report_each_status(channel: Channel) -> None:
    with http_server.serving(http_server.reply(200)) as customer:
        sent = post(channel, callbackURL=f"{customer.url}/hook").body
        channel.run_until(lambda: any(json.loads(request.body)["status"] == "delivered" for request in customer.requests))
    bodies = [json.loads(request.body) for request in customer.requests]
    assert [body["sequence"] for body in bodies] == sorted(body["sequence"] for body in bodies)
    assert bodies[-1].keys() == sent.keys() | {"siteId", "sequence"}
    assert (bodies[-1]["id"], bodies[-1]["siteId"]) == (sent["id"], SITE)


def test_an_invalid_request_is_refused_with_a_pointer(channel: Channel) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"to": "12"}, "/to"),
        ({"to": ""}, "/to"),
        ({"message": ""}, "/message"),
        ({"message": "x" * 1601}, "/message"),
        ({"channelAccountId": "f9928d68-92e6-4487-a2e8-8234fc9d1f48"}, "/channelAccountId"),
        ({"channelCarrier": "vonage"}, "/channelCarrier"),
        ({"contactId": "12"}, "/contactId"),
        ({"callbackURL": "ftp://example.com"}, "/callbackURL"),
        ({"attachments": [PICTURE | {"type": "hologram"}]}, "/attachments/0/type"),
        ({"attachments": [PICTURE | {"url": "a.png"}]}, "/attachments/0/url"),
        ({"attachments": [PICTURE] * 11}, "/attachments"),
    ]
    for changes, pointer in cases:
        answer = post(channel, **changes)
        assert (answer.status, [error["pointer"] for error in answer.body["errors"]]) == (400, [pointer]), changes
    assert channel.calls() == []


def test_a_carrier_without_an_account_in_the_site_is_refused(channel: Channel) -> None:
    site = site_store.get_site(SITE)
    (other,) = (account for account in ACCOUNTS.values() if account is not channel.account)
    account_id = "847277e8-06a5-4eec-ba66-1cdd617dc778"
    site_store.put_site(replace(site, id="20000"))
    site_store.put_account(replace(channel.account, id=account_id, site_id="20000"))
    body = {"channelAccountId": account_id, "channelCarrier": other.carrier, "to": NUMBER, "message": "Hello"}
    answer = call("unichannel/create_outbound_message", "POST", URL, body, site_id="20000")
    assert (answer.status, answer.body["errors"][0]["pointer"]) == (400, "/channelCarrier")


def test_the_endpoint_requires_the_unichannel_scope(channel: Channel) -> None:
    assert post(channel, scopes="outreach:send").status == 403
    assert post(channel, scopes="unichannel:send").status == 200


def test_a_message_beyond_the_daily_quota_is_refused(channel: Channel) -> None:
    site_store.put_site(replace(site_store.get_site(SITE), daily_segments=1))
    assert post(channel).status == 200
    refused = post(channel)
    assert (refused.status, refused.body["code"], len(accepted(channel))) == (429, "quota_exceeded", 1)
    assert 0 < int(refused.headers["Retry-After"]) <= 86_400


def get(message_id: str, **options: Any) -> Answer:
    return call("unichannel/get_outbound_message", "GET", f"{URL}/{message_id}", **options)


def test_a_message_can_be_read_and_shows_what_became_of_it(channel: Channel) -> None:
    sent = post(channel, attachments=[PICTURE]).body
    assert get(sent["id"].upper()).body.keys() == sent.keys()
    channel.run_until(lambda: get(sent["id"]).body["status"] == "delivered")
    changing = {"status", "sentTime"}
    assert {key: value for key, value in get(sent["id"]).body.items() if key not in changing} == {
        key: value for key, value in sent.items() if key not in changing
    }


def test_a_message_that_is_still_being_sent_can_be_read(channel: Channel, without_receipts: None) -> None:
    message_id = unresolved_id(post(channel, to="+12125550106"))
    assert (get(message_id).status, get(message_id).body["status"]) == (200, "sending")


def test_only_outbound_messages_of_the_site_are_found(channel: Channel) -> None:
    message_id = post(channel).body["id"]
    (single,) = channel.queue(NUMBER)
    assert [get(id_).status for id_ in (message_id, single, "f9928d68-92e6-4487-a2e8-8234fc9d1f48", "12")] == [200, 404, 404, 400]
    assert get(message_id, site_id="20000").status == 404
    assert [get(message_id, scopes=scope).status for scope in ("unichannel:send", "outreach:read")] == [200, 403]


def test_a_message_of_an_account_without_credentials_is_kept_and_the_account_is_paused(channel: Channel) -> None:
    path = secrets.account_path(SITE, channel.account.id)
    boto3.client("ssm").delete_parameter(Name=path)
    parameter_store.clear()
    message_id = unresolved_id(post(channel))
    assert status(message_id) == "queued"
    pause = state_of(SITE, channel.account.id)
    assert pause
    assert "no credentials" in pause.reason
    assert accepted(channel) == []


def test_a_message_is_kept_while_credentials_cannot_be_read(channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    def unavailable(_name: str) -> str:
        raise ParameterUnavailable

    monkeypatch.setattr(parameter_store, "get", unavailable)
    message_id = unresolved_id(post(channel))
    assert status(message_id) == "queued"
    assert state_of(SITE, channel.account.id) is None
