"""A request for each route of the API, the resources of a site that they name, and all that a site has stored."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from outreach import clock
from outreach.http import list_results
from outreach.messages import message_store
from outreach.messages.models import Kind, Message
from outreach.ticketing import ticket_store
from tests.support import pipeline, ticket_steps
from tests.support.functions import Answer, api_event, call
from tests.support.pipeline import ACCOUNT, SITE

NUMBER = "+12125550199"
OPTED_OUT = "+12125550197"


@dataclass(frozen=True)
class Case:
    """A request; ``{names}`` in it stand for resources of a site.

    Attributes:
        request: method and URL.
        path: the folder of the function.
        scope: the scope that the key needs; empty if it depends on the resource.
        status: the status for the key of another, empty site.
    """

    request: str
    path: str
    scope: str
    status: int
    body: Any = None

    def __str__(self) -> str:
        return self.request

    @property
    def method(self) -> str:
        return self.request.partition(" ")[0]

    def ask(self, names: Mapping[str, str], *, site_id: str, scopes: str = "") -> Answer:
        url = self.request.partition(" ")[2].format(**names)
        return call(self.path, self.method, url, filled(self.body, names), site_id=site_id, scopes=scopes)

    def route(self) -> tuple[str, str, str]:
        event = api_event(self.path, self.method, self.request.partition(" ")[2].format(**RANDOM))
        return self.path, self.method, event["resource"]


def filled(body: Any, names: Mapping[str, str]) -> Any:
    if isinstance(body, dict):
        return {key: filled(value, names) for key, value in body.items()}
    if isinstance(body, list):
        return [filled(value, names) for value in body]
    return body.format(**names) if isinstance(body, str) else body


NAMES = (
    "contact",
    "other",
    "identity",
    "field",
    "campaign",
    "record",
    "message",
    "outbound",
    "reply",
    "ticket",
    "import_",
    "export",
    "list",
    "webhook",
)
IDS = [name for name in NAMES if name != "ticket"]
RANDOM = {name: str(uuid.uuid4()) for name in NAMES} | {"ticket": "1", "account": ACCOUNT.id}

CONTACT = {"name": "Eve", "contactIdentities": [{"type": "email", "value": "eve@example.com"}]}
MESSAGE = {"channelAccountId": "{account}", "contactId": "{contact}", "to": NUMBER, "message": "Hello"}
SENDER = {"sentById": "{contact}", "sentByType": "contact"}
TICKET_MESSAGE = {"id": "{message}", "ticketId": "{ticket}", "type": "text", "channelId": "SMS", "metadata": {}} | SENDER
EXPORT = {"timeZoneId": "UTC"}
WEBHOOK = {"url": "https://a.example/", "events": ["reply.received"]}

CASES = [
    Case("POST /contact/contacts", "contacts/create_contact", "contact:write", 201, CONTACT),
    Case("GET /contact/contacts", "contacts/list_contacts", "contact:read", 200),
    Case("GET /contact/contacts/{contact}", "contacts/get_contact", "contact:read", 404),
    Case("PUT /contact/contacts/{contact}", "contacts/update_contact", "contact:write", 404, {"name": "Eve"}),
    Case("DELETE /contact/contacts/{contact}", "contacts/delete_contact", "contact:write", 404),
    Case("DELETE /contact/contacts?ids={contact}", "contacts/batch_delete_contacts", "contact:write", 204),
    Case("POST /contact/contacts/{contact}:merge", "contacts/act_on_contact", "contact:write", 404, {"contactId": "{other}"}),
    Case("POST /contact/contacts/{contact}:unmerge", "contacts/act_on_contact", "contact:write", 404, {"contactId": "{other}"}),
    Case("POST /contact/contacts:query", "contacts/query_contacts", "contact:read", 200, {"keywords": "Ada"}),
    Case("GET /contact/contactIdentities/{identity}", "contacts/get_contact_identity", "contact:read", 404),
    Case("GET /contact/ContactIdentities/{identity}", "contacts/get_contact_identity", "contact:read", 404),
    *(
        Case(
            f"POST /contact/{spelling}:identify",
            "contacts/identify_contact_identities",
            "contact:read",
            200,
            {"value": NUMBER},
        )
        for spelling in ("contactIdentities", "ContactIdentities")
    ),
    Case("GET /contact/optOuts", "contacts/list_opt_outs", "contact:read", 200),
    Case(f"GET /contact/optOuts/{OPTED_OUT}", "contacts/get_opt_out", "contact:read", 404),
    Case(f"DELETE /contact/optOuts/{OPTED_OUT}", "contacts/delete_opt_out", "contact:write", 404),
    Case(f"PUT /contact/optOuts/{OPTED_OUT}", "contacts/put_opt_out", "contact:write", 200),
    Case("GET /contact/fields", "contacts/list_fields", "contact:read", 200),
    Case("POST /contact/fields", "contacts/create_field", "contact:write", 201, {"name": "shoe size", "type": "text"}),
    Case("GET /contact/fields/{field}", "contacts/get_field", "contact:read", 404),
    Case("PUT /contact/fields/{field}", "contacts/update_field", "contact:write", 404, {"name": "hat size"}),
    Case("DELETE /contact/fields/{field}", "contacts/delete_field", "contact:write", 404),
    Case("POST /contact/contacts:import", "contacts/import_contacts", "contact:write", 202, {"uploadFile": "https://a.example/"}),
    Case("GET /contact/contactImportRecords/{import_}", "contacts/get_import_record", "contact:read", 404),
    Case("GET /contact/contactImportRecords", "contacts/list_import_records", "contact:read", 200),
    Case("GET /contact/contactImportRecords/{import_}/failedRows", "contacts/list_failed_rows", "contact:read", 404),
    Case("POST /contact/contactImportRecords/{import_}:undo", "contacts/act_on_import_record", "contact:write", 404),
    Case("GET /contact/importTemplate", "contacts/get_import_template", "contact:read", 200),
    Case("POST /contact/contacts:export", "contacts/export_contacts", "contact:read", 202, EXPORT | {"selected": ["{contact}"]}),
    Case("GET /contact/contactExportRecords/{export}", "contacts/get_export_record", "contact:read", 404),
    Case("GET /listResults/{list}", "api/get_list_result", "", 404),
    Case(
        "POST /outreach/campaigns",
        "outreach/create_campaign",
        "outreach:write",
        400,
        {"name": "Hello", "channel": "sms", "channelAccountId": "{account}", "message": "Hello"},
    ),
    Case("GET /outreach/campaigns", "outreach/list_campaigns", "outreach:read", 200),
    Case("GET /outreach/campaigns/{campaign}", "outreach/get_campaign", "outreach:read", 404),
    Case("PUT /outreach/campaigns/{campaign}", "outreach/update_campaign", "outreach:write", 404, {"name": "Mine"}),
    Case("DELETE /outreach/campaigns/{campaign}", "outreach/delete_campaign", "outreach:write", 404),
    *(
        Case(f"POST /outreach/campaigns/{{campaign}}:{verb}", "outreach/act_on_campaign", "outreach:send", 404)
        for verb in ("send", "pause", "resume", "cancel")
    ),
    Case("POST /outreach/campaigns/{campaign}:test", "outreach/act_on_campaign", "outreach:send", 404, {"to": NUMBER}),
    Case("POST /outreach/campaigns/{campaign}:preview", "outreach/act_on_campaign", "outreach:read", 404),
    Case("GET /outreach/campaigns/{campaign}/records", "outreach/list_campaign_records", "outreach:read", 404),
    Case("GET /outreach/campaignRecords", "outreach/list_site_records", "outreach:read", 200),
    Case("GET /outreach/campaignRecords/{record}/timeline", "outreach/get_record_timeline", "outreach:read", 404),
    Case("POST /outreach/campaignRecords/{record}:export", "outreach/act_on_campaign_record", "outreach:read", 404),
    Case("GET /outreach/campaignRecords/{record}", "outreach/get_campaign_record", "outreach:read", 404),
    Case("GET /outreach/campaignRecords/{record}/skipped", "outreach/list_skipped_contacts", "outreach:read", 404),
    Case("POST /outreach/messages", "outreach/create_message", "outreach:send", 400, MESSAGE),
    Case("GET /outreach/messages", "outreach/list_messages", "outreach:read", 200),
    Case("GET /outreach/messages/{message}", "outreach/get_message", "outreach:read", 404),
    Case("PUT /outreach/messages/{message}", "outreach/update_message", "outreach:write", 404, {"status": "failed"}),
    Case("POST /outreach/messages/{message}:redeliver", "outreach/act_on_message", "outreach:write", 404),
    Case("GET /outreach/messages/{message}/callbackAttempts", "outreach/list_callback_attempts", "outreach:read", 404),
    Case("GET /outreach/webhooks", "outreach/get_webhooks", "outreach:read", 200),
    Case("POST /outreach/webhooks", "outreach/create_webhook", "outreach:write", 201, WEBHOOK),
    Case("GET /outreach/webhooks/{webhook}", "outreach/get_webhooks", "outreach:read", 404),
    Case("GET /outreach/webhooks/{webhook}/attempts", "outreach/get_webhooks", "outreach:read", 404),
    Case("PUT /outreach/webhooks/{webhook}", "outreach/update_webhook", "outreach:write", 404, {"description": "d"}),
    Case("POST /outreach/webhooks/{webhook}:rotateSecret", "outreach/act_on_webhook", "outreach:write", 404),
    Case("POST /outreach/webhooks/{webhook}:test", "outreach/act_on_webhook", "outreach:send", 404),
    Case("DELETE /outreach/webhooks/{webhook}", "outreach/delete_webhook", "outreach:write", 404),
    *(
        Case(f"GET /outreach/{spelling}?contactId={{contact}}", "outreach/list_unattached_messages", "outreach:read", 200)
        for spelling in ("unattachedMessages", "unattachedmessages")
    ),
    Case("GET /outreach/replies", "outreach/list_replies", "outreach:read", 200),
    Case("GET /outreach/replies/{reply}", "outreach/get_reply", "outreach:read", 404),
    Case("GET /site", "sites/get_site", "", 200),
    Case("GET /outreach/channelAccounts", "sites/list_channel_accounts", "outreach:read", 200),
    Case("GET /ticketing/tickets?contactId={contact}", "ticketing/list_tickets", "ticketing:read", 200),
    Case("GET /ticketing/tickets/{ticket}", "ticketing/get_ticket", "ticketing:read", 404),
    Case("POST /outboundunichannel/messages", "unichannel/create_outbound_message", "unichannel:send", 400, MESSAGE),
    Case("GET /outboundunichannel/messages/{outbound}", "unichannel/get_outbound_message", "unichannel:send", 404),
    Case(
        "POST /ticketing/ticket/{ticket}/messages:attach",
        "ticketing/attach_ticket_message",
        "ticketing:write",
        404,
        TICKET_MESSAGE,
    ),
]


def resources_of_the_site() -> dict[str, str]:
    """Create one resource of each kind; return their ids."""
    contact, other = pipeline.create_contact(NUMBER), pipeline.create_contact(None, "Bob")
    campaign = pipeline.create_campaign()["id"]
    field = call("contacts/create_field", "POST", "/contact/fields", {"name": "shoe size", "type": "text"}).body["id"]
    sent_message = {"channelAccountId": ACCOUNT.id, "contactId": contact, "message": "Hello", "status": "sent"}
    import_body = {"uploadFile": "https://a.example/"}
    return {
        "account": ACCOUNT.id,
        "contact": contact,
        "other": other,
        "identity": call("contacts/get_contact", "GET", f"/contact/contacts/{contact}").body["contactIdentities"][0]["id"],
        "field": field,
        "campaign": campaign,
        "record": pipeline.send(campaign),
        "message": call("outreach/create_message", "POST", "/outreach/messages", sent_message).body["id"],
        "outbound": _outbound_message(),
        "reply": ticket_steps.reply(NUMBER).id,
        "ticket": str(ticket_store.open_ticket(SITE, contact, ACCOUNT.id, "origin")),
        "import_": call("contacts/import_contacts", "POST", "/contact/contacts:import", import_body).body["id"],
        "list": _list_result(),
        "webhook": call("outreach/create_webhook", "POST", "/outreach/webhooks", WEBHOOK).body["id"],
        "export": call("contacts/export_contacts", "POST", "/contact/contacts:export", EXPORT).body["id"],
    }


def _outbound_message() -> str:
    slot = clock.timestamp(clock.now())
    message = Message(str(uuid.uuid4()), SITE, "", ACCOUNT.id, ACCOUNT.number, NUMBER, "Hello", slot, kind=Kind.OUTBOUND)
    message_store.create_many([message])
    return message.id


def _list_result() -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(list_results, "WAIT_SECONDS", -1)
        return str(call("contacts/list_contacts", "GET", "/contact/contacts?pageSize=0").body["id"])


def snapshot(site_id: str = r"\w+") -> dict[str, str]:
    """All items and objects of a site, or of all sites."""
    of_site = re.compile(rf"(?<![^ #/]){site_id}(?![^ #/])")
    client, s3 = boto3.client("dynamodb"), boto3.client("s3")
    entries = {}
    for table in client.list_tables()["TableNames"]:
        for item in client.scan(TableName=table)["Items"]:
            key = f"{table} {item['pk']['S']} {item.get('sk', {}).get('S', '')}"
            if of_site.search(key):
                entries[key] = str(sorted(item.items()))
    for bucket in s3.list_buckets()["Buckets"]:
        for entry in s3.list_objects_v2(Bucket=bucket["Name"]).get("Contents", []):
            if of_site.search(entry["Key"]):
                entries[f"{bucket['Name']} {entry['Key']}"] = entry["ETag"]
    return entries
