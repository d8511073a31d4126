"""Conversion of ticket messages to and from JSON documents."""

from __future__ import annotations

import orjson

from outreach.ticketing.models import AuthorType, ContentType, TicketMessage
from outreach.ticketing.schemas import TicketMessageBody
from outreach.ticketing.ticket_documents import document_of, message_of

GUID = "f8383a83-48e9-4d0d-a3bd-fb19ce5c12db"
MESSAGE = TicketMessage(
    id=GUID,
    ticket_id=7,
    sent_by_id=GUID,
    sent_by_type=AuthorType.CHANNEL_ACCOUNT,
    time="2026-01-01T00:00:00.000Z",
    type=ContentType.TEXT,
    channel_id="SMS",
    body="Hello!",
    metadata={"a_b": 1},
    parent_id=GUID,
    original_id="SM1",
    if_display_in_ticket_correspondences=True,
    is_read=True,
    attachments=[{"type": "image", "url": "https://example.com/a.png", "contentType": "image/png", "size": 7, "name": "a"}],
    message_delivery={"messageId": GUID, "status": "success", "time": "2026-01-01T00:00:00.000Z", "groupId": GUID, "orderNum": 2},
)


def test_a_message_is_restored_from_its_document() -> None:
    assert message_of(orjson.loads(orjson.dumps(document_of(MESSAGE)))) == MESSAGE


def test_a_document_is_a_valid_request_body() -> None:
    assert TicketMessageBody.model_validate(document_of(MESSAGE)).to_message(MESSAGE.ticket_id, "new") == MESSAGE


def test_a_document_has_every_property_of_the_api() -> None:
    aliases = {str(field.alias) for field in TicketMessageBody.model_fields.values()}
    assert set(document_of(MESSAGE)) == aliases
