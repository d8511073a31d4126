"""Errors as ``application/problem+json`` (RFC 9457): the one place where the exception tree meets HTTP."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestUnsupportedContentType, RequestValidationError

from outreach.errors import FieldError, OutreachError, TooManyRequests, UnsupportedMediaType, ValidationFailed

CONTENT_TYPE = "application/problem+json"
SEND_JSON = "Send the body as application/json."

# pydantic's findings in the words of our own, which continue the name of the place.
_MESSAGES = {
    "missing": "is required",
    "string_type": "must be a string",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "too_long": "must have at most {max_length} entries",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type"), "must be an object"),
    **dict.fromkeys(("list_type", "tuple_type"), "must be an array"),
}


def response(error: OutreachError, request_id: str) -> Response[str]:
    """The answer for one of our errors."""
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, TooManyRequests) else {}
    return Response(error.status, CONTENT_TYPE, json.dumps(body(error, request_id)), headers=dict(headers))


def body(error: OutreachError, request_id: str) -> dict[str, Any]:
    """The members of RFC 9457, section 3.1, plus ``code`` and, for 400, ``errors`` (contract, JSON conventions)."""
    members: dict[str, Any] = {
        "type": "about:blank",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "instance": request_id,
        "code": error.code,
    }
    if isinstance(error, ValidationFailed):
        members["errors"] = [{"pointer": entry.pointer, "message": entry.message} for entry in error.errors]
    return members


def unexpected(request_id: str) -> Response[str]:
    """The answer for anything we did not foresee: never with internals."""
    return response(OutreachError("Something went wrong on our side; the request id helps us to find it."), request_id)


def from_validation(error: RequestValidationError) -> OutreachError:
    """Powertools' and pydantic's findings as pointers into the request."""
    return ValidationFailed(*map(_field_error, error.errors()))


def from_content_type(_: RequestUnsupportedContentType) -> OutreachError:
    return UnsupportedMediaType(SEND_JSON)


def from_status(status: int) -> OutreachError:
    """An error of the router itself (an unmatched route), by its status."""
    error = OutreachError(HTTPStatus(status).phrase)
    error.status, error.title, error.code = status, HTTPStatus(status).phrase, HTTPStatus(status).name.lower()
    return error


def _field_error(entry: dict[str, Any]) -> FieldError:
    if entry["type"] == "json_invalid":
        return FieldError("", f"is not JSON (at character {entry['loc'][-1]})")
    return FieldError(_pointer(entry["loc"]), _message(entry))


def _pointer(location: tuple[str | int, ...]) -> str:
    """``("body", "contactIdentities", 0)`` → ``/contactIdentities/0`` (RFC 6901); a parameter is named as it is."""
    place, *path = location
    if place != "body":
        return ".".join(map(str, path)) or str(place)
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)


def _message(entry: dict[str, Any]) -> str:
    if template := _MESSAGES.get(entry["type"]):
        return template.format(**entry.get("ctx", {}))
    return str(entry["msg"]).removeprefix("Value error, ")
