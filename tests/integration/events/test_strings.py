"""No string of a request is too long, or has characters, that an endpoint does not expect (docs/api.md, "JSON and HTTP")."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from outreach.contacts import contact_store
from tests.support.functions import call, invoke
from tests.support.http_server import Server
from tests.support.stack import event_file, events, folder, functions

# Properties that the sample requests leave out.
MORE: dict[str, dict[str, Any]] = {
    "CreateContact": {
        "contactIdentities": [
            {"type": "telegram", "value": "t", "name": "n", "screenName": "s", "infoUrl": "https://i.example", "avatarUrl": "a"},
            {"type": "email", "value": "e@x.example", "originalContactPageUrl": "p"},
        ],
        "customFields": {"city": "London", "timeZone": "Europe/London"},
    },
    "CreateField": {
        "type": "dropdownlist",
        "helpText": "h",
        "defaultValue": "a",
        "fieldOptions": [{"value": "a", "displayText": "A"}],
    },
    "CreateCampaign": {
        "callbackURL": "https://c.example",
        "contactFilterConditionMetType": "logicalExpression",
        "contactFilterLogicalExpression": "1",
        "contactFilterConditions": [{"fieldName": "city", "operator": "is", "value": "London", "order": 1}],
    },
    "CreateMessage": {
        "status": "failed",
        "failedReason": "f",
        "from": "+12125550100",
        "to": "+12125550101",
        "attachedToTicketId": "1",
    },
    "UpdateMessage": {"failedReason": "f", "from": "+12125550100", "to": "+12125550101"},
    "UpdateContact": {"contactIdentities": [{"type": "externalID", "value": "e"}]},
    "QueryContacts": {"keywords": "k", "sortBy": "name", "sortOrder": "asc"},
    "CreateOutboundMessage": {"attachments": [{"type": "image", "url": "https://i.example/a.png", "name": "n"}]},
}
BODIES = {
    name: json.loads(event["body"]) | MORE.get(name, {})
    for name, event in ((name, json.loads(event_file(functions()[name]).read_text())) for name, _ in events("Api"))
    if (event.get("body") or "").startswith("{")
}
# Longer than every limit; longer in UTF-8 and case-folded than it looks; what keys, files and logs may choke on.
STRINGS = [
    "x" * 20_000,
    "ΐ" * 390,
    "ΐ" * 390 + "@x.example",
    "a\x00b\x07",
    "\u2028\ufdd0\U0001ffff",
    "\ud83d\ude00" * 300,
    "\u200b",
]
# A contact or field that the sample request has created already.
EXISTS = 409


def places(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths of all strings of a document."""
    if isinstance(node, str):
        yield path
    elif isinstance(node, dict | list):
        for step, child in node.items() if isinstance(node, dict) else enumerate(node):
            yield from places(child, (*path, step))


def replaced(document: Any, path: tuple[str | int, ...], value: str) -> Any:
    result = copy.deepcopy(document)
    node = result
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value
    return result


def status(name: str, body: Any) -> int:
    path = folder(functions()[name])
    event = json.loads(event_file(functions()[name]).read_text()) | {"body": json.dumps(body)}
    return int(invoke(f"{path.parent.name}/{path.name}", event)["statusCode"])


@pytest.mark.parametrize("name", BODIES)
def test_every_string_is_accepted_or_refused_with_400(sample_services: Server, name: str) -> None:
    for path in places(BODIES[name]):
        for value in STRINGS:
            assert status(name, replaced(BODIES[name], path, value)) in (200, 201, 202, 204, 400, EXISTS), (path, value[:20])


# The longest in UTF-8, and the longest in JSON.
FILLS = ["\U0001f600", '"']


def maximal(fill: str) -> dict[str, dict[str, Any]]:
    """Request bodies whose strings and lists are as long as they may be together, filled with a character."""
    url = "https://x.example/" + "a" * 1_980
    name, string, text = fill * 256, fill * 2_000, fill * 1_600
    conditions = [
        {"fieldName": "city", "operator": "isNot", "value": f"{number:03}" + fill * 97, "order": number} for number in range(250)
    ]
    campaign = {
        "name": "x" * 256,
        "description": string,
        "message": "{{ name }}{% comment %}" + fill * 3_900 + "{% endcomment %}",
        "contactFilterConditions": conditions,
        "contactFilterConditionMetType": "all",
        "contactFilterLogicalExpression": fill * 10_000,
        "callbackURL": url,
    }
    message = {"message": text, "failedReason": string, "from": string, "to": string, "status": "failed", "callbackURL": url}
    options = [{"value": f"{number}", "displayText": string} for number in range(100)]
    field = {"type": "dropdownlist", "helpText": string, "defaultValue": "", "fieldOptions": options}
    pictures = [{"type": "image", "url": f"{url}{number}", "name": name, "size": 10**12} for number in range(10)]
    identities = [{"type": "telegram", "value": f"{number}", "screenName": string} for number in range(90)]
    contact = {"contactIdentities": identities, "customFields": {"description": fill * 2_048}}
    return {
        "CreateCampaign": campaign,
        "UpdateCampaign": campaign,
        "CreateMessage": message | {"attachedToTicketId": name},
        "UpdateMessage": message | {"attachedToTicketId": name},
        "CreateOutboundMessage": {"message": text, "attachments": pictures, "callbackURL": url},
        "CreateContact": contact | {"name": "x" * 256},
        "UpdateContact": contact,
        "CreateField": field | {"name": "x" * 256},
        "UpdateField": field,
        "AttachTicketMessage": {"body": string, "metadata": {f"{number}": string for number in range(50)}},
    }


@pytest.mark.parametrize("fill", FILLS)
def test_a_body_that_is_too_large_for_an_item_is_refused_with_400(sample_services: Server, fill: str) -> None:
    for name, body in maximal(fill).items():
        assert status(name, BODIES[name] | body) in (200, 201, 400), name


@pytest.mark.parametrize(("fill", "conditions"), [("\U0001f600", 250), ('"', 250)])
def test_the_largest_campaign_can_be_created_and_sent(sample_services: Server, fill: str, conditions: int) -> None:
    body = BODIES["CreateCampaign"] | maximal(fill)["CreateCampaign"]
    body["contactFilterConditions"] = body["contactFilterConditions"][:conditions]
    created = call("outreach/create_campaign", "POST", "/outreach/campaigns", body)
    assert created.status == 201, created.body
    assert call("outreach/act_on_campaign", "POST", f"/outreach/campaigns/{created.body['id']}:send").status == 200


def test_what_no_limit_foresees_is_400_too(sample_services: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contact_store, "_MAX_DOCUMENT_BYTES", 10**9)
    assert status("CreateContact", BODIES["CreateContact"] | maximal(FILLS[0])["CreateContact"]) == 400
