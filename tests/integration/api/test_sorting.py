"""Every list can be sorted by every scalar property of its entries (docs/api.md, "Lists")."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from outreach import clock, text
from outreach.callbacks.attempt_log import WebhookAttempt
from outreach.callbacks.delivery_state import Attempt, AttemptOutcome
from outreach.campaigns import campaign_store
from outreach.consent import opt_outs
from outreach.consent.opt_outs import Source
from outreach.events.models import EventDelivery, EventType
from outreach.sites import site_store
from outreach.ticketing import ticket_store
from tests.support import event_webhooks, pipeline, ticket_steps
from tests.support.functions import call, load
from tests.support.template import ROOT

NAMES = ["Émile", "emil", "Bob", "bobby", "Åsa"]
# The function of each list (and the name of the list, if it has several), its request, and its array; a bare array has no name.
LISTS = {
    "contacts/list_contacts": ("GET /contact/contacts", "contacts"),
    "contacts/query_contacts": ("POST /contact/contacts:query", "contacts"),
    "contacts/list_opt_outs": ("GET /contact/optOuts", "optOuts"),
    "contacts/list_fields": ("GET /contact/fields", ""),
    "contacts/list_import_records": ("GET /contact/contactImportRecords", "contactImportRecords"),
    "outreach/list_campaigns": ("GET /outreach/campaigns", "campaigns"),
    "outreach/list_campaign_records": ("GET /outreach/campaigns/{campaign}/records", "records"),
    "outreach/list_site_records": ("GET /outreach/campaignRecords", "records"),
    "outreach/list_messages": ("GET /outreach/messages", "messages"),
    "outreach/list_replies": ("GET /outreach/replies", "replies"),
    "ticketing/list_tickets": ("GET /ticketing/tickets?contactId={contact}", "tickets"),
    "outreach/list_skipped_contacts": ("GET /outreach/campaignRecords/{record}/skipped", "skipped"),
    "outreach/list_callback_attempts": ("GET /outreach/messages/{message}/callbackAttempts", "attempts"),
    "sites/list_channel_accounts": ("GET /outreach/channelAccounts", "channelAccounts"),
    "outreach/get_webhooks#webhooks": ("GET /outreach/webhooks", "webhooks"),
    "outreach/get_webhooks#attempts": ("GET /outreach/webhooks/{webhook}/attempts", "attempts"),
}
ATTEMPTS = [
    (AttemptOutcome.FAILED, 3, 500, "Émile", "2026-11-29T00:00:05.000Z"),
    (AttemptOutcome.POSTPONED, 1, None, "emil", None),
    (AttemptOutcome.DELIVERED, None, 204, "Bob", None),
]
# What a list can be sorted by, although its entries do not show it.
HIDDEN = {"outreach/list_campaigns": {"createTime"}}
ONLY_WHEN_TRUE = {"isTest"}


def test_every_list_is_listed_here() -> None:
    files = (ROOT / "functions").glob("*/*/app.py")
    paged = {
        f"{path.parts[-3]}/{path.parts[-2]}" for path in files if "sort" in path.read_text() and "paging" in path.read_text()
    }
    assert paged == {path.partition("#")[0] for path in LISTS}


def described(path: str) -> tuple[list[str], dict[str, Any]]:
    """The values of ``sortBy`` in the description of an endpoint, and the schema of the list's entries."""
    function, _, name_of_list = path.partition("#")
    schema = load(function).app.get_openapi_schema(title="", version="").model_dump(by_alias=True, exclude_none=True)
    (operation,) = (
        value
        for route, item in schema["paths"].items()
        for name, value in item.items()
        if name in ("get", "post") and route.endswith(name_of_list)
    )
    (parameter,) = (entry["schema"] for entry in operation["parameters"] if entry["name"] == "sortBy")
    names = parameter.get("enum") or next(option["enum"] for option in parameter["anyOf"] if "enum" in option)
    schemas = schema["components"]["schemas"]
    answer = operation["responses"][200]["content"]["application/json"]["schema"]
    if "$ref" in answer:
        properties = schemas[answer["$ref"].rpartition("/")[2]]["properties"]
        answer = next(value for value in properties.values() if value.get("type") == "array")
    return names, {"schemas": schemas, **schemas[answer["items"]["$ref"].rpartition("/")[2]]["properties"]}


def is_scalar(schema: dict[str, Any], schemas: dict[str, Any]) -> bool:
    if "$ref" in schema:
        return is_scalar(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    if "anyOf" in schema:
        return all(is_scalar(option, schemas) for option in schema["anyOf"])
    return "const" in schema or schema["type"] not in ("array", "object")


@pytest.mark.parametrize("path", LISTS)
def test_sort_by_is_described_with_every_scalar_property(path: str) -> None:
    names, properties = described(path)
    schemas = properties.pop("schemas")
    scalars = {name for name, schema in properties.items() if is_scalar(schema, schemas)}
    assert set(names) == scalars | HIDDEN.get(path, set())
    assert len(scalars) > 1


@pytest.fixture
def ids(aws: None, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A few entries in each list; the ids that their paths need."""
    seconds = count()
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 29, tzinfo=UTC) + timedelta(seconds=next(seconds)))
    pipeline.put_site()
    for number, name in enumerate(NAMES):
        account_id = f"647277e8-06a5-4eec-ba66-{number:012}"
        site_store.put_account(replace(pipeline.ACCOUNT, id=account_id, name=name, messages_per_second=9 - number))
    contacts = [pipeline.create_contact(None, name, lastName=name[::-1]) for name in NAMES]
    contacts += [pipeline.create_contact(f"+1212555123{digit}", "Ada") for digit in range(3)]
    for name in NAMES:
        upload = {"fileName": f"{name}.csv", "size": 1}
        assert call("contacts/import_contacts", "POST", "/contact/contacts:import", upload).status == 202
    campaigns = [pipeline.create_campaign(name=name, description=name[::-1], message=f"Hello {name}") for name in NAMES]
    scheduled = pipeline.create_campaign(callbackURL="https://example.com/a", maxSegments=7)["id"]
    start = datetime(2027, 1, 1, tzinfo=UTC)
    campaign_store.put(replace(campaign_store.get(pipeline.SITE, scheduled), scheduled_start_time=start))
    records = [pipeline.send(campaigns[0]["id"]) for _ in range(3)]
    pipeline.fan_out(records[1])
    assert call("outreach/act_on_campaign", "POST", f"/outreach/campaigns/{campaigns[0]['id']}:pause").status == 200
    messages = [_message(contacts[-1], name) for name in NAMES]
    for digit, source in enumerate((Source.KEYWORD, Source.API, Source.KEYWORD, Source.CARRIER)):
        opt_outs.add(pipeline.SITE, f"+1212555123{2 * digit}", source)
    attempts = [
        Attempt(
            f"2026-11-29T00:00:0{second}.000Z",
            outcome,
            sequence=sequence,
            status=status,
            reason=reason,
            next_attempt_at=following,
        )
        for second, (outcome, sequence, status, reason, following) in enumerate(ATTEMPTS)
    ]
    monkeypatch.setattr(load("outreach/list_callback_attempts").attempt_log, "list_attempts", lambda *_: attempts)
    for index, body in enumerate(["Émile", "stop", "emil"]):
        ticket_steps.reply(f"+1212555123{index}", f"SM{index}", body=body)
        ticket_store.open_ticket(pipeline.SITE, contacts[-1], pipeline.ACCOUNT.id, origin=body)
    types = [EventType.REPLY_RECEIVED, EventType.WEBHOOK_TEST, EventType.CONTACT_OPTED_OUT]
    deliveries = [
        WebhookAttempt(EventDelivery("w", kind, str(number % 2)), attempts[number]) for number, kind in enumerate(types)
    ]
    monkeypatch.setattr(load("outreach/get_webhooks").attempt_log, "list_webhook_attempts", lambda *_: deliveries)
    webhooks = [event_webhooks.create(f"https://{number}.example")["id"] for number in range(3)]
    return {
        "campaign": campaigns[0]["id"],
        "record": records[1],
        "message": messages[0],
        "contact": contacts[-1],
        "webhook": webhooks[0],
    }


def _message(contact_id: str, name: str) -> str:
    body = {
        "channelAccountId": pipeline.ACCOUNT.id,
        "contactId": contact_id,
        "message": f"to {name}",
        "status": "sent",
        "to": name,
    }
    answer = call("outreach/create_message", "POST", "/outreach/messages", body)
    assert answer.status == 201, answer.body
    return str(answer.body["id"])


def listed(path: str, ids: dict[str, str], query: str) -> list[dict[str, Any]]:
    request, array = LISTS[path]
    method, url = request.format(**ids).split()
    answer = call(path.partition("#")[0], method, f"{url}{'&' if '?' in url else '?'}{query}", {} if method == "POST" else None)
    assert answer.status == 200, answer.body
    entries: list[dict[str, Any]] = answer.body[array] if array else answer.body
    return entries


def order(entry: dict[str, Any], name: str) -> tuple[Any, ...]:
    value = entry[name] if name not in ONLY_WHEN_TRUE else entry.get(name, False)
    key = () if value is None else text.sort_key(value) if isinstance(value, str) else (value,)
    return key, entry.get("id", "")


def test_each_list_is_sorted_by_each_of_its_scalar_properties(ids: dict[str, str]) -> None:
    properties = [(path, name) for path in LISTS for name in {*described(path)[0]} - HIDDEN.get(path, set())]
    for path, name in properties:
        whole = "" if path == "contacts/list_fields" else "&pageSize=0"
        entries = listed(path, ids, f"sortBy={name}&sortOrder=asc{whole}")
        assert len(entries) >= 3, path
        keys = [order(entry, name) for entry in entries]
        assert keys == sorted(keys), (path, name)
        assert listed(path, ids, f"sortBy={name.upper()}&sortOrder=desc{whole}") == entries[::-1], (path, name)


def test_lists_have_their_natural_order_by_default(ids: dict[str, str]) -> None:
    assert [entry["name"] for entry in listed("contacts/list_contacts", ids, "")][:5] == NAMES
    assert [entry["name"] for entry in listed("outreach/list_campaigns", ids, "")][:5] == NAMES
    assert [entry["name"] for entry in listed("outreach/list_campaigns", ids, "sortOrder=desc")][1:6] == NAMES[::-1]
    for path, name in (("outreach/list_messages", "sentTime"), ("contacts/list_fields", "order")):
        values = [entry[name] for entry in listed(path, ids, "")]
        assert values == sorted(values)
    for path, name in (("outreach/list_replies", "receivedTime"), ("ticketing/list_tickets", "createTime")):
        values = [entry[name] for entry in listed(path, ids, "")]
        assert values == sorted(values, reverse=True)
    skipped = listed("outreach/list_skipped_contacts", ids, "")
    assert listed("outreach/list_skipped_contacts", ids, "sortOrder=desc") == skipped[::-1]
    assert listed("outreach/list_skipped_contacts", ids, "sortOrder=desc&pageSize=2&pageIndex=2") == skipped[::-1][2:4]
