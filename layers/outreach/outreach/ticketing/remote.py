"""Another ticketing system, by the endpoint of the specification (Attach a message to the ticket)."""

from __future__ import annotations

import base64

import orjson
import requests

from outreach.errors import NotFound, PayloadTooLarge, Unavailable
from outreach.settings import settings
from outreach.sites import secrets
from outreach.ticketing.documents import ENCODED, document_of
from outreach.ticketing.models import TicketMessage

_TIMEOUT_SECONDS = (3, 10)

_ERRORS = {requests.codes.not_found: NotFound, requests.codes.request_entity_too_large: PayloadTooLarge}


def attach(site_id: str, message: TicketMessage) -> None:
    """See :class:`outreach.ticketing.port.Ticketing`; that a message is attached once is up to the other system."""
    answer = _post(site_id, f"/ticketing/ticket/{message.ticket_id}/messages:attach", _body(message))
    if not 200 <= answer.status_code < 300:
        raise _ERRORS.get(answer.status_code, Unavailable)(f"The ticketing system answers {answer.status_code}.")


def _post(site_id: str, path: str, body: bytes) -> requests.Response:
    headers = {"Authorization": f"Bearer {secrets.ticketing_key(site_id)}", "Content-Type": "application/json"}
    url = settings().ticketing_base_url + path
    try:
        return requests.post(url, body, headers=headers, timeout=_TIMEOUT_SECONDS, allow_redirects=False)
    except requests.RequestException as error:
        raise Unavailable(f"The ticketing system can't be reached ({type(error).__name__}).") from error


def _body(message: TicketMessage) -> bytes:
    """The text is sent in base64, so that no firewall takes offence at it (specification, ``body``)."""
    return orjson.dumps(document_of(message) | {"body": ENCODED + base64.b64encode(message.body.encode()).decode()})
