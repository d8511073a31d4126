"""Errors that the API reports to its callers.

::

    OutreachError
    ├── ValidationFailed        400  the request is not valid; has pointers to the wrong fields
    ├── Forbidden               403  the API key does not allow this
    ├── NotFound                404  the site has no such resource; another site may have it
    ├── MethodNotAllowed        405  has ``allow``, the methods of the path
    ├── Conflict                409  the current state does not allow this; ``code`` names the rule
    ├── PayloadTooLarge         413
    ├── UnsupportedMediaType    415
    ├── Unprocessable           422  the Idempotency-Key was used with another request
    ├── TooManyRequests         429  has ``retry_after`` in seconds
    └── Unavailable             503  a dependency is down; accepted work is not lost; may have ``retry_after`` in seconds

``outreach.http.problems`` maps the tree to ``application/problem+json`` (RFC 9457).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, overload

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")

# The ``code`` for a used-up quota. The status is 403, or 429 where waiting helps.
QUOTA_EXCEEDED = "quota_exceeded"
# The titles of codes that several classes have: a title belongs to a code (RFC 9457, section 3.1.3).
_TITLES = {QUOTA_EXCEEDED: "The site's quota is used up"}
NO_SUCH_PATH = "There is no such path. GET /docs lists all paths; a verb follows a colon, such as :send."


# How many wrong fields an error names. A body may have a million, and each takes a while to find.
MAX_ERRORS = 100


@dataclass(frozen=True)
class FieldError:
    """One wrong field of a request.

    Attributes:
        pointer: an RFC 6901 pointer into the body; a parameter is named like a property, such as ``/pageSize``; empty for the
            whole body.
        message: continues the field's name, such as "must be a string".
    """

    pointer: str
    message: str

    def __str__(self) -> str:
        return f"{self.pointer}: {self.message}" if self.pointer else f"the body {self.message}"


class OutreachError(Exception):
    """Base of every error that the API reports."""

    status = 500
    code = "internal_error"
    title = "Internal error"

    def __init__(self, detail: str = "", *, code: str = "") -> None:
        self.code = code or self.code
        self.title = _TITLES.get(self.code, self.title)
        self.detail = detail or self.title
        super().__init__(self.detail)


class ValidationFailed(OutreachError):
    """The request is not valid; ``errors`` has an entry for each wrong field, ``members`` what else helps to correct it."""

    status, code, title = 400, "validation_failed", "The request is not valid"

    def __init__(self, *errors: FieldError, detail: str = "", members: Mapping[str, object] | None = None) -> None:
        listed = errors[:MAX_ERRORS]
        more = [f"and {len(errors) - MAX_ERRORS:,} more errors"] if len(errors) > MAX_ERRORS else []
        super().__init__(detail or "; ".join([*map(str, listed), *more]))
        self.errors = listed
        self.members = dict(members or {})

    @classmethod
    def at(cls, pointer: str, message: str) -> ValidationFailed:
        """Make the error for one field."""
        return cls(FieldError(pointer, message))


@overload
def checked(first: Callable[[], A], second: Callable[[], B], /) -> tuple[A, B]: ...
@overload
def checked(first: Callable[[], A], second: Callable[[], B], third: Callable[[], C], /) -> tuple[A, B, C]: ...
def checked(*checks: Callable[[], Any]) -> tuple[Any, ...]:
    """Return the results of independent checks, so that a client learns of all wrong fields at once.

    Raises:
        ValidationFailed: some checks failed; it has the errors of all of them.
    """
    results: list[Any] = []
    errors: list[FieldError] = []
    for check in checks:
        try:
            results.append(check())
        except ValidationFailed as error:
            errors += error.errors
    if errors:
        raise ValidationFailed(*errors)
    return tuple(results)


class Forbidden(OutreachError):
    status, code, title = 403, "forbidden", "The API key does not allow this"


class NotFound(OutreachError):
    status, code, title = 404, "not_found", "Not found"


class MethodNotAllowed(OutreachError):
    """``allow``: the methods that the path has (RFC 9110, section 10.2.1)."""

    status, code, title = 405, "method_not_allowed", "The method is not allowed"

    def __init__(self, allow: Sequence[str]) -> None:
        super().__init__(f"Use {' or '.join(allow)}.")
        self.allow = allow


class Conflict(OutreachError):
    status, code, title = 409, "conflict", "The current state does not allow this"


class PayloadTooLarge(OutreachError):
    status, code, title = 413, "payload_too_large", "The request is too large"


class UnsupportedMediaType(OutreachError):
    status, code, title = 415, "unsupported_media_type", "The media type is not supported"


class Unprocessable(OutreachError):
    status, code, title = 422, "idempotency_mismatch", "The Idempotency-Key was used with another request"


class TooManyRequests(OutreachError):
    """``retry_after``: seconds to wait before the next request (RFC 9110, section 10.2.3)."""

    status, code, title = 429, "too_many_requests", "Too many requests"

    def __init__(self, detail: str = "", *, code: str = "", retry_after: int = 1) -> None:
        super().__init__(detail, code=code)
        self.retry_after = retry_after


class Unavailable(OutreachError):
    """``retry_after``: seconds to wait before the same request; ``None`` where it must not be repeated, or nobody knows when."""

    status, code, title = 503, "unavailable", "Temporarily unavailable"

    def __init__(self, detail: str = "", *, code: str = "", retry_after: int | None = None) -> None:
        super().__init__(detail, code=code)
        self.retry_after = retry_after
