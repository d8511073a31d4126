"""Events are delivered as callbacks are: signed, retried, logged, and with one backlog for each endpoint."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from typing import Any

import boto3
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from outreach import clock
from outreach.consent import opt_outs
from outreach.consent.opt_outs import Source
from outreach.settings import settings
from outreach.sites import site_store
from outreach.sites.models import Site
from tests.support import customer_endpoint, event_webhooks
from tests.support.api_description import validate
from tests.support.customer_endpoint import FAILED, GONE, OK, Clock, Customer, Executions
from tests.support.event_webhooks import PATH, Streams, act, attempts, create, received
from tests.support.functions import call
from tests.support.http_server import hang_up
from tests.support.pipeline import SITE

DAY = 86_400


def opt_out(*numbers: int) -> None:
    for number in numbers:
        opt_outs.add(SITE, f"+1212555{number:04}", Source.KEYWORD)


def outcomes(webhook_id: str) -> list[str]:
    return [attempt["outcome"] for attempt in attempts(webhook_id)]


def verify(customer: Customer, secret: str, now: Clock, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Verify the newest request with the library that the API's documentation names, at the moment of the request."""
    request = customer.server.requests[-1]
    monkeypatch.setattr("standardwebhooks.webhooks.datetime", type("At", (), {"now": now_at(now), "fromtimestamp": from_time}))
    return Webhook(secret).verify(request.body, dict(request.headers))


def now_at(now: Clock) -> Any:
    return staticmethod(lambda tz=None: now().astimezone(tz))


from_time = staticmethod(lambda seconds, tz=None: clock.from_epoch(seconds).astimezone(tz))


def test_an_event_is_signed_with_the_secret_of_its_webhook(
    customer: Customer, streams: Streams, now: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = create(customer.url, "contact.optedOut")
    opt_out(1)
    streams.deliver()
    event = verify(customer, webhook["secret"], now, monkeypatch)
    assert (event["type"], event["siteId"], event["data"]["number"]) == ("contact.optedOut", SITE, "+12125550001")
    with pytest.raises(WebhookVerificationError):
        verify(customer, create()["secret"], now, monkeypatch)


def test_both_secrets_sign_for_a_day_after_a_rotation(customer: Customer, now: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    webhook = create(customer.url)
    old, new = webhook["secret"], act(webhook["id"], "rotateSecret").body["secret"]
    for hours, valid in ((0, [old, new]), (23, [old, new]), (24, [new])):
        now.moment = Clock().moment + timedelta(hours=hours)
        assert act(webhook["id"], "test").status == 200
        customer_endpoint.deliver_queued()
        assert len(customer.server.requests[-1].headers["webhook-signature"].split()) == len(valid)
        for secret in valid:
            assert verify(customer, secret, now, monkeypatch)["type"] == "webhook.test"
    with pytest.raises(WebhookVerificationError):
        verify(customer, old, now, monkeypatch)


def test_an_event_that_waited_is_signed_with_the_secrets_of_its_attempt(
    customer: Customer, streams: Streams, executions: Executions, now: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = create(customer.url, "contact.optedOut")
    customer.answer_with(FAILED)
    opt_out(1)
    streams.deliver()
    new = act(webhook["id"], "rotateSecret").body["secret"]
    customer.answer_with(OK)
    executions.pass_time(7)
    now.moment = customer_endpoint.Clock().moment + timedelta(seconds=7)
    assert len(customer.server.requests) == 2
    assert verify(customer, new, now, monkeypatch)["type"] == "contact.optedOut"


def test_a_test_posts_the_webhook_and_is_logged(customer: Customer) -> None:
    webhook = create(customer.url)
    answer = act(webhook["id"], "test")
    customer_endpoint.deliver_queued()
    (body,) = received(customer)
    validate(body, "Event")
    assert (body["type"], body["data"]) == ("webhook.test", answer.body)
    assert "secret" not in body["data"]
    (attempt,) = attempts(webhook["id"])
    (event_id,) = customer.webhook_ids
    assert attempt == {
        "time": "2026-03-03T09:30:00.000Z",
        "eventId": event_id,
        "type": "webhook.test",
        "status": 200,
        "outcome": "delivered",
        "reason": "",
        "nextAttemptAt": None,
    }


def test_a_test_is_posted_while_the_endpoint_is_down(customer: Customer, streams: Streams) -> None:
    webhook = create(customer.url, "contact.optedOut")
    customer.answer_with(hang_up)
    opt_out(1)
    streams.deliver()
    customer.answer_with(OK)
    act(webhook["id"], "test")
    customer_endpoint.deliver_queued()
    assert received(customer)[-1]["type"] == "webhook.test"


def test_a_failed_event_is_posted_again_with_the_same_id_and_body(
    customer: Customer, streams: Streams, executions: Executions
) -> None:
    webhook = create(customer.url, "contact.optedOut")
    customer.answer_with(FAILED)
    opt_out(1)
    streams.deliver()
    executions.pass_time(10)
    customer.answer_with(OK)
    executions.pass_time(600)
    assert len(set(customer.webhook_ids)) == 1
    assert len({request.body for request in customer.server.requests}) == 1
    assert outcomes(webhook["id"]) == ["failed", "failed", "delivered"]


def test_a_dead_endpoint_costs_one_execution_and_no_event_is_lost(
    customer: Customer, streams: Streams, executions: Executions
) -> None:
    create(customer.url, "contact.optedOut")
    customer.answer_with(hang_up)
    opt_out(*range(12))
    streams.deliver()
    executions.pass_time(DAY)
    customer.answer_with(OK)
    executions.pass_time(DAY)
    assert len(executions.arns) == 1
    assert executions.steps < 20
    delivered = Counter(body["data"]["number"] for body in received(customer)[-12:])
    assert set(delivered.values()) == {1}
    assert len(delivered) == 12
    assert not customer.endpoint.has_backlog


def test_the_attempts_to_post_an_event_end(customer: Customer, streams: Streams, executions: Executions) -> None:
    webhook = create(customer.url, "contact.optedOut")
    customer.answer_with(FAILED)
    opt_out(1)
    streams.deliver()
    executions.pass_time(7 * DAY)
    assert outcomes(webhook["id"]) == [*["failed"] * 9, "given_up"]
    assert not customer.endpoint.has_backlog


def test_410_ends_the_attempts_to_post_that_event_only(customer: Customer, streams: Streams, executions: Executions) -> None:
    webhook = create(customer.url, "contact.optedOut")
    customer.answer_with(GONE)
    opt_out(1)
    streams.deliver()
    customer.answer_with(OK)
    opt_out(2)
    streams.deliver()
    executions.pass_time(DAY)
    assert sorted(outcomes(webhook["id"])) == ["delivered", "gone"]


def test_every_subscribed_webhook_gets_an_event_under_one_id(customer: Customer, streams: Streams) -> None:
    webhooks = [create(f"{customer.url}/{number}", "contact.optedOut") for number in range(3)]
    opt_out(1)
    streams.deliver()
    assert len(customer.server.requests) == 3
    assert len(set(customer.webhook_ids)) == 1
    assert [outcomes(webhook["id"]) for webhook in webhooks] == [["delivered"]] * 3


def test_what_waits_goes_to_the_new_url_and_what_waits_for_a_deleted_webhook_is_dropped(
    customer: Customer, streams: Streams, executions: Executions
) -> None:
    webhook = create(customer.url, "contact.optedOut")
    customer.answer_with(FAILED)
    opt_out(1)
    streams.deliver()
    with customer_endpoint.customer() as other:
        assert call("outreach/update_webhook", "PUT", f"{PATH}/{webhook['id']}", {"url": other.url}).status == 200
        executions.pass_time(10)
        customer_endpoint.deliver_queued()
        assert len(received(other)) == 1
    opt_out(2)
    customer_endpoint.deliver_queued()
    streams.publish()
    assert call("outreach/delete_webhook", "DELETE", f"{PATH}/{webhook['id']}").status == 204
    customer_endpoint.deliver_queued()
    executions.pass_time(DAY)
    assert len(customer.server.requests) == 1


def test_a_private_address_is_refused_when_the_request_is_made(customer: Customer, streams: Streams) -> None:
    site_store.put_site(Site(SITE, private_callbacks=False))
    webhook = create(customer.url, "contact.optedOut")
    opt_out(1)
    streams.deliver()
    assert customer.server.requests == []
    (attempt,) = attempts(webhook["id"])
    assert (attempt["outcome"], attempt["status"]) == ("failed", None)


def test_attempts_are_paged_and_sorted_and_the_newest_come_first(customer: Customer, streams: Streams, now: Clock) -> None:
    webhook = create(customer.url, "contact.optedOut")
    for number in range(3):
        now.advance(60)
        opt_out(number)
        streams.deliver()
    page = event_webhooks.get(f"/{webhook['id']}/attempts?pageSize=2").body
    assert [attempt["time"][11:16] for attempt in page["attempts"]] == ["09:33", "09:32"]
    assert (page["total"], page["previousPage"], page["nextPage"] is None) == (3, None, False)
    by_outcome = event_webhooks.get(f"/{webhook['id']}/attempts?sortBy=outcome")
    assert by_outcome.status == 200
    now.advance(31 * DAY)
    assert attempts(webhook["id"]) == []


def test_a_job_in_the_form_of_an_earlier_version_is_delivered(customer: Customer) -> None:
    message_id = customer_endpoint.create_message(customer.url)
    job = {"site_id": SITE, "message_id": message_id, "sequence": 0, "force": True}
    queue = settings().callback_queue_url
    boto3.client("sqs").send_message(QueueUrl=queue, MessageBody=json.dumps(job))
    customer_endpoint.deliver_queued()
    assert customer.deliveries == [(message_id, 0)]
