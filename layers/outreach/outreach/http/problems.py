"""Maps the exception tree to ``application/problem+json`` (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestUnsupportedContentType, RequestValidationError

from outreach.errors import (
    MAX_ERRORS,
    FieldError,
    MethodNotAllowed,
    OutreachError,
    TooManyRequests,
    Unavailable,
    UnsupportedMediaType,
    ValidationFailed,
)
from outreach.http.json_pointers import Step, to_pointer, to_steps
from outreach.http.request import SEND_JSON, base_url
from outreach.http.validation_messages import FORMS, message_of

CONTENT_TYPE = "application/problem+json"
# The page that explains each code; ``type`` leads to the paragraph of the code (functions/api/get_errors).
ERRORS_PATH = "/docs/errors"

# When a client should repeat a request that a dependency has refused; the clients of AWS have repeated it for seconds already.
_RETRY_AFTER_SECONDS = 5

Event = Mapping[str, Any]

# Finds the JSON Pointer of a place in the body, and knows whether the steps to it are pydantic's.
Locate = Callable[[Sequence[Step], bool], str]


def response(error: OutreachError, event: Event) -> Response[str]:
    """Return the HTTP response for an error of the request that ``event`` describes."""
    return Response(error.status, CONTENT_TYPE, json.dumps(body(error, event)), headers=dict(headers(error)))


def headers(error: OutreachError) -> dict[str, str]:
    """Return the headers of the response to an error."""
    if isinstance(error, TooManyRequests | Unavailable) and error.retry_after:
        return {"Retry-After": str(error.retry_after)}
    return {"Allow": ", ".join(error.allow)} if isinstance(error, MethodNotAllowed) else {}


def body(error: OutreachError, event: Event) -> dict[str, Any]:
    """Return the members of RFC 9457, section 3.1, plus ``code`` and, for 400, ``errors`` (docs/api.md, "Errors").

    Args:
        error: what is wrong.
        event: the gateway's event, which has the request's id and the address of the API.
    """
    members: dict[str, Any] = {
        "type": f"{base_url(event)}{ERRORS_PATH}#{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "instance": event["requestContext"]["requestId"],
        "code": error.code,
    }
    if isinstance(error, ValidationFailed):
        members |= error.members
        members["errors"] = [{"pointer": entry.pointer, "message": entry.message} for entry in error.errors]
    return members


def unavailable(event: Event) -> Response[str]:
    """Return the HTTP response for a service of AWS that throttles, fails or refuses; it reveals no internals."""
    detail = "A service that this request needs does not answer at the moment. Try again in a few seconds."
    return response(Unavailable(detail, retry_after=_RETRY_AFTER_SECONDS), event)


def unexpected(event: Event) -> Response[str]:
    """Return the HTTP response for an unexpected exception; it reveals no internals."""
    return response(
        OutreachError("An unexpected error occurred. Try again. If it happens again, report it with the request id."), event
    )


def from_validation(error: RequestValidationError, locate: Locate) -> OutreachError:
    """Convert the errors of Powertools and pydantic to pointers into the request."""
    found = error.errors()
    errors = [(entry["type"], FieldError(_pointer(entry["loc"], locate), message_of(entry))) for entry in found[:MAX_ERRORS]]
    pointers = [field_error.pointer for _, field_error in errors]

    def is_of_another_choice(kind: str, pointer: str) -> bool:
        # Where a value may have several forms, each form has its errors. An error within the value shows which form it has.
        return kind in FORMS and any(other.startswith(f"{pointer}/") for other in pointers)

    fitting = [field_error for kind, field_error in errors if not is_of_another_choice(kind, field_error.pointer)]
    return ValidationFailed(*dict.fromkeys(fitting))


def with_pointers_into(error: ValidationFailed, locate: Locate) -> ValidationFailed:
    """Replace the documented names in the pointers of an error by those of the caller's document."""
    errors = [FieldError(locate(to_steps(entry.pointer), False), entry.message) for entry in error.errors]
    return ValidationFailed(*errors, members=error.members) if errors else error


def from_content_type(_: RequestUnsupportedContentType) -> OutreachError:
    """Convert Powertools' rejection of a media type."""
    return UnsupportedMediaType(SEND_JSON)


def _pointer(location: Sequence[Step], locate: Locate) -> str:
    """``("body", "contactIdentities", 0)`` → ``/contactIdentities/0``; a parameter is named like a property."""
    place, *steps = location
    if place != "body":
        return to_pointer(steps[:1])
    return locate([step for step in steps if step != "[key]"], True)
