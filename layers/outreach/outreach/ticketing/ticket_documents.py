"""Conversion of ticket messages to and from JSON documents with the API's property names, for storing and sending."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from outreach.ticketing.models import AuthorType, ContentType, TicketMessage

# The prefix of a text in base64.
BASE64_PREFIX = "data:text/plain;base64,"

# The API's names are the attributes' names in camel case.
_API_NAMES = {field.name: re.sub(r"_(\w)", lambda match: match[1].upper(), field.name) for field in fields(TicketMessage)}


def document_of(message: TicketMessage) -> dict[str, Any]:
    """Return a message as a JSON object."""
    return {api_name: getattr(message, name) for name, api_name in _API_NAMES.items()}


def message_of(document: Mapping[str, Any]) -> TicketMessage:
    """Return the message of a JSON object; the inverse of :func:`document_of`."""
    values = {name: document[api_name] for name, api_name in _API_NAMES.items()}
    return TicketMessage(**values | {"sent_by_type": AuthorType(values["sent_by_type"]), "type": ContentType(values["type"])})
