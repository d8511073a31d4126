"""Erases the traces of a person from all items of a site, whatever their attributes are.

Keys stay. The person's contact and opt-outs are erased by themselves, and an identity belongs to its contact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import orjson

from outreach import aws, dynamo
from outreach.dynamo import Update
from outreach.errors import Conflict
from outreach.messages import message_rows, message_store
from outreach.messages.models import Kind
from outreach.messages.status import MessageStatus
from outreach.settings import settings
from outreach_admin.file_erasure import emptied_row
from outreach_admin.site_export import TABLES, site_filter
from outreach_admin.traces import ERASED, Traces

_KEYS = ("pk", "sk")
_IN_FLIGHT = (MessageStatus.QUEUED, MessageStatus.SENDING)
_BEING_SENT = "A message that names this person is being sent. Wait, then try again."
_CHANGED = "An item changed during the erasure. Run the command again."


def redact(site_id: str, traces: Traces) -> int:
    """Redact the items of a site; return how many had traces. Reads all tables.

    Raises:
        Conflict: a message that names the person is being sent, or an item keeps changing.
    """
    count = 0
    for name in (*TABLES, "requests"):
        table = getattr(settings(), f"{name}_table")
        for page in aws.dynamodb().get_paginator("scan").paginate(TableName=table, **site_filter(site_id)):
            count += sum(_redact(table, _exact(item), traces) for item in page["Items"])
    return count


def _erase_text(site_id: str, message_id: str, item: dict[str, Any], traces: Traces) -> bool:
    """Erase the separate text of a message; return whether it had traces. Its message has the redacted text then."""
    is_own = item["recipient"] in traces.numbers or item["contact_id"] in traces.contact_ids
    redacted = ERASED if is_own else traces.redact(item["body"])
    if redacted == item["body"]:
        return False
    message = message_store.get_many(site_id, [message_id], consistent=True).get(message_id)
    if message is None or message_rows.text_key(message)["pk"] != item["pk"]:  # a release left it, or an edit
        return dynamo.delete(settings().messages_table, {"pk": item["pk"]})
    if message.status in _IN_FLIGHT:
        raise Conflict(_BEING_SENT, code="invalid_state")
    if not message_store.change(message, replace(message, body=redacted)):
        raise Conflict(_CHANGED)
    return True


def _exact(item: Mapping[str, Any]) -> dict[str, Any]:
    """Unmarshal an item with its numbers as they are, because a condition compares them."""
    return dynamo.from_item(item, number=Decimal)


def _redact(table: str, item: dict[str, Any], traces: Traces) -> bool:
    """Redact one item on condition that it is as it was read; return whether it had traces."""
    if owner := message_rows.owner_of_text(item["pk"]):
        return _erase_text(*owner, item, traces)
    changed = _changed(item, traces)
    if not changed:
        return False
    if item.get("status") in _IN_FLIGHT and table == settings().messages_table:
        raise Conflict(_BEING_SENT, code="invalid_state")
    update = Update()
    for name, value in changed.items():
        update.set(name, value)
    if "version" in item:  # so that a writer who has read the item before reads it again
        changed["version"] = item["version"]
        update.add("version")
    values = {f":was_{position}": item[name] for position, name in enumerate(changed)}
    condition = " AND ".join(f"#{name} = :was_{position}" for position, name in enumerate(changed))
    key = {name: item[name] for name in _KEYS if name in item}
    if not dynamo.update_if(table, key, update, values, condition=condition):
        raise Conflict(_CHANGED)
    return True


def _changed(item: dict[str, Any], traces: Traces) -> dict[str, Any]:
    """Return the attributes that have traces, redacted."""
    if item.get("sk") in traces.contact_ids:
        return {}  # the person's own contact
    if "data" in item and _is_answer_about(item, traces):
        return {"data": orjson.dumps(orjson.loads(item["data"]) | {"body": "{}"}).decode()}
    redacted = {name: traces.redact(value) for name, value in item.items() if name not in _KEYS}
    if "#EVENT#" in item["pk"]:
        redacted["body"] = _redacted_event(item["body"], traces)
    if _is_message_of(item, traces):
        redacted |= {"body": ERASED} if "body" in item else {}
        redacted |= {name: [] for name in ("media_urls", "attachments") if name in item}
    if "#CONTACT#" in item["pk"] and "document" in item:
        redacted["document"] = _redacted_contact(item["document"], traces)
    return {name: value for name, value in redacted.items() if value != item[name]}


def _is_message_of(item: dict[str, Any], traces: Traces) -> bool:
    """Return whether an item is a message to or from a number of the person. Its contact may have been deleted."""
    own = item.get("sender" if item.get("kind") == Kind.INBOUND else "recipient")
    return message_rows.is_message(item) and own in traces.numbers


def _is_answer_about(item: dict[str, Any], traces: Traces) -> bool:
    """Return whether an item is the stored answer to a request with an Idempotency-Key, and names the person."""
    data = item["data"]
    if not isinstance(data, str) or '"body"' not in data:
        return False
    return traces.occur_in(data) or any(contact_id in data for contact_id in traces.contact_ids)


def _redacted_contact(document: str, traces: Traces) -> str:
    """Redact the values of another contact; its identities are its own."""
    values = orjson.loads(document)
    redacted = traces.redact(values) | {"identities": values["identities"]}
    return orjson.dumps(redacted).decode() if redacted != values else document


def _redacted_event(body: str, traces: Traces) -> str:
    """Redact a published event. Of a reply of the person, the text and the files go, too; of an import, the person's rows."""
    event = orjson.loads(body)
    data, redacted = event["data"], traces.redact(event["data"])
    for name in ("failedRows", "warnings", "rows"):
        if name in data:
            redacted[name] = [emptied_row(row) if traces.occur_in(row) else row for row in data[name]]
    if "message" in data and "attachments" in data and (data.get("contactId") in traces.contact_ids or redacted != data):
        redacted = redacted | {"message": ERASED, "attachments": []}
    return orjson.dumps(event | {"data": redacted}).decode() if redacted != data else body
