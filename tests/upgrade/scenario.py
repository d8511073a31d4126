"""A site at work: something of everything that a release stores and leaves under way when the next one is deployed."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

import boto3
import pytest

from outreach import clock
from outreach.callbacks import callback_request
from outreach.callbacks.callback_request import Failed
from outreach.campaigns import campaign_records, lifecycle
from outreach.carriers.webhook_messages import CarrierWebhook
from outreach.delivery import unknown_outcomes
from outreach.imports import import_execution
from outreach.inbound import webhook_queue
from outreach.inbound.webhook_queue import WebhookJob
from outreach.messages import message_store
from outreach.messages.models import campaign_message_id
from outreach.messages.status import MessageStatus
from outreach.settings import settings
from outreach.sites import site_store
from outreach.sites.models import Site
from tests.integration.webhooks.webhook_requests import inbound, signed
from tests.support import customer_endpoint, pipeline, sample_data
from tests.support.functions import call, invoke
from tests.support.pipeline import ACCOUNT, SITE
from tests.support.stack import STATE_MACHINE, events, folder, functions
from tests.support.template import ROOT, resources

CALLBACK_URL = "https://customer.example/hook"
NUMBERS = [f"+1212555{number}" for number in range(1200, 1212)]
CAMPAIGN = {"callbackURL": CALLBACK_URL, "isMessageAutoAttachedToTicket": True}
# Written anew by each release or request.
NOT_COMPARED = {"version", "uploadUrl", "url"}
# Pages, which show nothing that is stored.
_NOT_READ = ("GetConsole", "GetDocs", "GetErrors", "GetOpenapi")


def create_machines() -> None:
    """Create the state machines, whose executions do not run."""
    for arn in (
        settings().campaign_send_arn,
        settings().scheduled_start_arn,
        settings().import_contacts_arn,
        settings().callback_retry_arn,
    ):
        role = "arn:aws:iam::123456789012:role/unit-test"
        boto3.client("stepfunctions").create_state_machine(name=arn.rsplit(":", 1)[1], definition="{}", roleArn=role)


def begin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a site work, and stop in the middle of everything."""
    create_machines()
    boto3.client("scheduler").create_schedule_group(Name=settings().schedule_group)
    monkeypatch.setattr(callback_request, "post", lambda *_, **__: Failed("HTTP 500", 500))
    pipeline.put_site()
    sample_data.put_all(CALLBACK_URL)
    contacts = [pipeline.create_contact(number, f"Contact {number}", city="Oslo") for number in NUMBERS]
    merge(contacts[0], contacts[1])
    send_half()
    pipeline.send(pipeline.create_campaign(name="not frozen", **CAMPAIGN)["id"])
    pause(pipeline.send(pipeline.create_campaign(name="paused", **CAMPAIGN)["id"]))
    defer_all()
    schedule = {"scheduledStartTime": clock.timestamp(clock.from_epoch(clock.now().timestamp() + 3600))}
    pipeline.create_campaign(name="scheduled", isStartImmediately=False, **schedule, **CAMPAIGN)
    import_execution.start(SITE, sample_data.FILE)
    for name in ("process_reply", "deliver_callback", "attach_messages"):
        queue_sample(name)
    queue_unverified_webhook()
    invoke("workers/begin_scheduled_start", json.loads((ROOT / "events/begin_scheduled_start.json").read_text()))
    invoke("workers/publish_events", json.loads((ROOT / "events/publish_events.json").read_text()))


def merge(contact_id: str, other: str) -> None:
    merged = call("contacts/act_on_contact", "POST", f"/contact/contacts/{contact_id}:merge", {"contactId": other})
    assert merged.status == 204, merged.body


def send_half() -> None:
    """Send a campaign to those of the first job only; one outcome is unknown, callbacks fail and wait."""
    record_id = pipeline.send(pipeline.create_campaign(name="half sent", **CAMPAIGN)["id"])
    pipeline.fan_out(record_id)
    client, url = boto3.client("sqs"), settings().send_queue_url
    batch = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=1)["Messages"]
    job = next(entry for entry in batch if json.loads(entry["Body"])["record_id"] == record_id)
    client.delete_message(QueueUrl=url, ReceiptHandle=job["ReceiptHandle"])
    invoke("workers/send_messages", {"Records": [{"messageId": job["MessageId"], "body": job["Body"]}]})
    changes = pipeline.Pump()
    changes.process_changes()
    customer_endpoint.deliver_queued()
    sent, *_, waiting = [campaign_message_id(record_id, contact) for contact in pipeline.audience_of(record_id)]
    assert message_store.advance(message_store.get(SITE, sent), MessageStatus.DELIVERED)
    changes.process_changes()
    claimed = message_store.claim(
        SITE, waiting, number=message_store.get(SITE, waiting).recipient, until=int(clock.now().timestamp()) + 60
    )
    unknown_outcomes.mark_unknown(claimed)


def pause(record_id: str) -> None:
    pipeline.fan_out(record_id)
    lifecycle.act_on_record("pause", campaign_records.get(SITE, record_id))


def defer_all() -> None:
    """Send a campaign in the quiet hours of all contacts."""
    site_store.put_site(Site(SITE, sending_hours="20:00-21:00"))
    pipeline.fan_out(pipeline.send(pipeline.create_campaign(name="deferred", **CAMPAIGN)["id"]), max_steps=1)


def queue_sample(name: str) -> None:
    """Queue the body of a sample event."""
    record = json.loads((ROOT / f"events/{name}.json").read_text())["Records"][0]
    queue = record["eventSourceARN"].rsplit("-", 1)[1]
    url = boto3.client("sqs").get_queue_url(QueueName=queue)["QueueUrl"]
    boto3.client("sqs").send_message(QueueUrl=url, MessageBody=record["body"])


def queue_unverified_webhook() -> None:
    """Queue a reply that was not verified yet."""
    body, path = inbound("twilio", "A question"), "/inbound"
    url = f"{settings().webhook_base_url}/webhooks/twilio/{ACCOUNT.id}{path}"
    webhook = CarrierWebhook(url, signed("twilio", path, body), body)
    webhook_queue.put(WebhookJob(ACCOUNT.carrier, ACCOUNT.id, None, webhook), SITE)


def definitions() -> dict[str, str]:
    """The definitions of the state machines by name, with which executions run to their end."""
    return {
        entry["Name"]["Fn::Sub"].replace("${AWS::StackName}", "outreach"): (ROOT / entry["DefinitionUri"]).read_text()
        for entry in resources(STATE_MACHINE).values()
    }


def requests() -> list[str]:
    """The paths, with queries, of all sample requests that read something."""
    names = sorted({name for name, _ in events("Api")} - set(_NOT_READ))
    samples = [json.loads((ROOT / f"events/{folder(functions()[name]).name}.json").read_text()) for name in names]
    read = [sample for sample in samples if sample["httpMethod"] == "GET" and sample["resource"] != "/{proxy+}"]
    lists = ["/outreach/campaigns", "/outreach/campaignRecords", "/outreach/messages", "/contact/contacts", "/outreach/replies"]
    return sorted({sample["path"] + _query(sample) for sample in read} | {f"{path}?pageSize=500" for path in lists})


def _query(sample: dict[str, Any]) -> str:
    parameters = sample.get("queryStringParameters") or {}
    return "?" + "&".join(f"{name}={value}" for name, value in parameters.items()) if parameters else ""


def answer(url: str) -> Any:
    """What the API answers to a request: the body of a 200; of a file, nothing."""
    answered = call(_function_of(url.partition("?")[0]), "GET", url)
    assert answered.status == 200, (url, answered.body)
    return None if isinstance(answered.body, bytes) else answered.body


def _function_of(path: str) -> str:
    """The folder of the function that has the route of a path; a route without parameters comes first."""
    routes = [(route["Path"], name) for name, route in events("Api") if route["Method"].upper() == "GET"]
    fitting = sorted((route.count("{"), name) for route, name in routes if re.fullmatch(re.sub(r"{[^}]*}", "[^/]+", route), path))
    handler = folder(functions()[fitting[0][1]])
    return f"{handler.parent.name}/{handler.name}"


def differences(old: Any, new: Any, place: str = "") -> list[str]:
    """Where an answer differs from an older one. Properties that it has in addition are no difference."""
    if isinstance(old, dict) and isinstance(new, dict):
        pairs = [(f"{place}/{name}", value, new.get(name, "missing")) for name, value in old.items() if name not in NOT_COMPARED]
        return list(itertools.chain.from_iterable(differences(was, now, where) for where, was, now in pairs))
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = [(f"{place}/{index}", *values) for index, values in enumerate(zip(old, new, strict=True))]
        return list(itertools.chain.from_iterable(differences(was, now, where) for where, was, now in pairs))
    return [] if old == new else [f"{place}: {old!r} is now {new!r}"]
