"""An external ticketing system with the API's own endpoint for attaching messages (docs/api.md, "Tickets")."""

from __future__ import annotations

import base64

import orjson
import requests

from outreach import timed_http
from outreach.errors import NotFound, PayloadTooLarge, Unavailable
from outreach.settings import settings
from outreach.sites import secrets
from outreach.ticketing.models import TicketMessage
from outreach.ticketing.ticket_documents import BASE64_PREFIX, document_of

_TIMEOUT_SECONDS = (3.0, 10.0)

_ERRORS = {requests.codes.not_found: NotFound, requests.codes.request_entity_too_large: PayloadTooLarge}


def attach(site_id: str, message: TicketMessage) -> None:
    """See :class:`outreach.ticketing.ticketing_system.Ticketing`. The external system must drop messages that it has already."""
    status = _post(site_id, f"/ticketing/ticket/{message.ticket_id}/messages:attach", _body(message))
    if not 200 <= status < 300:
        raise _ERRORS.get(status, Unavailable)(f"The external ticketing system answered HTTP {status}.")


def _post(site_id: str, path: str, body: bytes) -> int:
    """Return the status of the answer, whose body is not read."""
    headers = {"Authorization": f"Bearer {secrets.ticketing_key(site_id)}", "Content-Type": "application/json"}
    url = settings().ticketing_base_url + path
    try:
        with (
            timed_http.session(lambda: sum(_TIMEOUT_SECONDS)) as session,
            timed_http.send(session, "POST", url, data=body, headers=headers, timeout=_TIMEOUT_SECONDS) as response,
        ):
            return response.status_code
    except requests.RequestException as error:
        reason = timed_http.describe(error)
        raise Unavailable(f"The external ticketing system cannot be reached ({reason}). Try again later.") from error


def _body(message: TicketMessage) -> bytes:
    """Return the message as JSON, with its text in base64, so that firewalls do not block the text."""
    return orjson.dumps(document_of(message) | {"body": BASE64_PREFIX + base64.b64encode(message.body.encode()).decode()})
