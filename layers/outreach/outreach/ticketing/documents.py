"""Ticket messages as they are stored and sent on: in the form of the API (specification: Attach a message to the ticket)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from outreach.ticketing.models import ContentType, SenderType, TicketMessage

# What a text in base64 begins with (specification, ``body``).
ENCODED = "data:text/plain;base64,"

# The specification's names are the domain's in another spelling.
_NAMES = {field.name: re.sub(r"_(\w)", lambda letter: letter[1].upper(), field.name) for field in fields(TicketMessage)}


def document_of(message: TicketMessage) -> dict[str, Any]:
    """A message as JSON has it."""
    return {shown: getattr(message, name) for name, shown in _NAMES.items()}


def message_of(document: Mapping[str, Any]) -> TicketMessage:
    """The inverse of :func:`document_of`."""
    values = {name: document[shown] for name, shown in _NAMES.items()}
    return TicketMessage(**values | {"sent_by_type": SenderType(values["sent_by_type"]), "type": ContentType(values["type"])})
