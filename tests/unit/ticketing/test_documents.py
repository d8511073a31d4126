"""Ticket messages in the form of the API."""

from __future__ import annotations

import orjson

from outreach.ticketing.bodies import TicketMessageBody
from outreach.ticketing.documents import document_of, message_of
from outreach.ticketing.models import ContentType, SenderType, TicketMessage

GUID = "f8383a83-48e9-4d0d-a3bd-fb19ce5c12db"
MESSAGE = TicketMessage(
    id=GUID,
    ticket_id=7,
    sent_by_id=GUID,
    sent_by_type=SenderType.CHANNEL_ACCOUNT,
    time="2026-01-01T00:00:00.000Z",
    type=ContentType.TEXT,
    channel_id="SMS",
    body="Hello!",
    metadata={"a_b": 1},
    parent_id=GUID,
    original_id="SM1",
    if_display_in_ticket_correspondences=True,
    is_read=True,
    attachments=[{"url": "https://example.com/a.png"}],
    message_delivery={"status": "sent"},
)


def test_a_message_comes_back_from_its_stored_document() -> None:
    assert message_of(orjson.loads(orjson.dumps(document_of(MESSAGE)))) == MESSAGE


def test_a_document_is_a_body_that_another_ticketing_system_takes() -> None:
    assert TicketMessageBody.model_validate(document_of(MESSAGE)).message(MESSAGE.ticket_id, "new") == MESSAGE


def test_a_document_names_every_property_of_the_specification() -> None:
    aliases = {str(field.alias) for field in TicketMessageBody.model_fields.values()}
    assert set(document_of(MESSAGE)) == aliases
