"""POST /outboundunichannel/messages with both carriers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import requests

from outreach.contacts import optouts
from outreach.delivery import singles
from outreach.delivery.lost_answers import LEASE_SECONDS
from outreach.messages import store
from outreach.messages.status import Status
from outreach.sending import carriers
from outreach.sending.accounts import Gate, pause_of
from outreach.sites import store as sites
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
    found = requests.get(f"{channel.simulator}/_simulate/messages", timeout=5).json()["messages"]
    return list(found)


def kept(answer: Answer) -> str:
    """The id of a message of which the client is told that it goes on by itself."""
    assert (answer.status, answer.body["code"]) == (503, "carrier_unavailable")
    return str(answer.body["detail"].split("kept as ")[1].split()[0])


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


def test_a_message_that_goes_out_ends_the_pause_of_its_account(channel: Channel) -> None:
    Gate(channel.account).close("20003: no", seconds=60)
    channel.clock.skip(61)
    assert post(channel).status == 200
    assert pause_of(SITE, channel.account.id) is None


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
def test_a_refusal_is_an_answer(channel: Channel, ending: str) -> None:
    answer = post(channel, to=f"+1212555{ending}")
    assert (answer.status, answer.body["status"], channel.calls()) == (200, "failed", ["refused"])
    assert answer.body["failedReason"]


def test_who_has_opted_out_is_not_written_to(channel: Channel) -> None:
    optouts.add(SITE, NUMBER, "test")
    answer = post(channel)
    assert (answer.status, answer.body["status"], answer.body["failedReason"]) == (200, "failed", "opted_out")
    assert channel.calls() == []


@pytest.mark.parametrize(
    ("ending", "calls"),
    [
        ("0104", {"twilio": ["429", "429", "accepted"], "telnyx": ["429", "429", "accepted"]}),
        ("0106", {"twilio": ["lost"], "telnyx": ["lost", "replayed"]}),
    ],
    ids=["throttled", "lost answer"],
)
def test_an_outage_keeps_the_message_and_sends_it_once(
    channel: Channel, without_receipts: None, ending: str, calls: dict[str, list[str]]
) -> None:
    message_id = kept(post(channel, to=f"+1212555{ending}"))
    channel.run_until(lambda: status(message_id) == "sent")
    assert channel.calls() == calls[channel.name]


def test_a_function_that_dies_after_its_call_has_sent_once(
    channel: Channel, without_receipts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = carriers.send

    def die(*request: Any) -> None:
        send(*request)
        raise SystemExit

    monkeypatch.setattr(carriers, "send", die)
    with pytest.raises(SystemExit):
        post(channel)
    monkeypatch.setattr(carriers, "send", send)
    channel.clock.skip(LEASE_SECONDS + 60)
    singles.repair()
    channel.run_until(lambda: not list(store.unsettled("9999")))
    assert channel.calls() == {"twilio": ["accepted"], "telnyx": ["accepted", "replayed"]}[channel.name]


def test_what_another_message_was_taken_for_is_not_taken_for_the_next(channel: Channel, without_receipts: None) -> None:
    ids = []
    for _ in range(2):
        ids.append(kept(post(channel, to="+12125550106")))
        channel.run_until(lambda: not list(store.unsettled("9999")))
    messages = store.get_many(SITE, ids).values()
    assert {message.status for message in messages} == {Status.SENT}
    assert len({message.carrier_message_id for message in messages}) == 2


def test_a_receipt_that_is_faster_than_the_answer_is_an_answer(channel: Channel) -> None:
    answer = post(channel, to="+12125550106")
    assert (answer.status, answer.body["status"], channel.calls()) == (200, "delivered", ["lost"])


def test_the_carrier_may_be_another_one_of_the_site(channel: Channel) -> None:
    (other,) = (account for account in ACCOUNTS.values() if account is not channel.account)
    answer = post(channel, channelCarrier=other.carrier.upper())
    assert (answer.status, answer.body["channelAccountId"]) == (200, other.id)
    assert accepted(channel)[0]["from"] == other.number


def test_an_outbound_message_is_not_in_the_lists_of_outreach(channel: Channel) -> None:
    contact_id = "f9928d68-92e6-4487-a2e8-8234fc9d1f48"
    post(channel, contactId=contact_id)
    for query in ("", f"?contactId={contact_id}"):
        assert call("outreach/list_messages", "GET", f"/outreach/messages{query}").body["total"] == 0


def test_the_callback_url_hears_of_each_status(channel: Channel) -> None:
    with http_server.serving(http_server.reply(200)) as customer:
        sent = post(channel, callbackURL=f"{customer.url}/hook").body
        channel.run_until(lambda: any(json.loads(request.body)["status"] == "delivered" for request in customer.requests))
    bodies = [json.loads(request.body) for request in customer.requests]
    assert [body["sequence"] for body in bodies] == sorted(body["sequence"] for body in bodies)
    assert bodies[-1].keys() == sent.keys() | {"siteId", "sequence"}
    assert (bodies[-1]["id"], bodies[-1]["siteId"]) == (sent["id"], SITE)


def test_a_request_that_makes_no_sense_is_refused_with_its_place(channel: Channel) -> None:
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


def test_a_carrier_that_the_site_has_no_account_of_is_refused(channel: Channel) -> None:
    site = sites.get_site(SITE)
    (other,) = (account for account in ACCOUNTS.values() if account is not channel.account)
    lonely = "847277e8-06a5-4eec-ba66-1cdd617dc778"
    sites.put_site(replace(site, id="20000"))
    sites.put_account(replace(channel.account, id=lonely, site_id="20000"))
    body = {"channelAccountId": lonely, "channelCarrier": other.carrier, "to": NUMBER, "message": "Hello"}
    answer = call("unichannel/create_outbound_message", "POST", URL, body, site_id="20000")
    assert (answer.status, answer.body["errors"][0]["pointer"]) == (400, "/channelCarrier")


def test_the_key_needs_the_scope(channel: Channel) -> None:
    assert post(channel, scopes="outreach:send").status == 403
    assert post(channel, scopes="unichannel:send").status == 200


def test_nothing_is_sent_beyond_the_sites_allowance_for_the_day(channel: Channel) -> None:
    sites.put_site(replace(sites.get_site(SITE), daily_segments=1))
    assert post(channel).status == 200
    refused = post(channel)
    assert (refused.status, refused.body["code"], len(accepted(channel))) == (429, "quota_exceeded", 1)
    assert 0 < int(refused.headers["Retry-After"]) <= 86_400
