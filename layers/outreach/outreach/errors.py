"""What can go wrong, as the caller should see it.

::

    OutreachError
    ├── ValidationFailed        400  the request is malformed or names something impossible; carries pointers
    ├── Forbidden               403  the key may not do this
    ├── NotFound                404  no such thing in this site (another site's thing is none)
    ├── Conflict                409  the state does not allow it (``code`` tells which rule)
    ├── PayloadTooLarge         413
    ├── UnsupportedMediaType    415
    ├── Unprocessable           422  an Idempotency-Key was used again with another body
    ├── TooManyRequests         429  carries ``retry_after`` seconds
    └── Unavailable             503  something we depend on is down; the work is kept

``outreach.http.problems`` maps the tree to ``application/problem+json`` (RFC 9457); nothing else does.
"""

from __future__ import annotations

from dataclasses import dataclass

# The ``code`` of what a site has no more room for, whatever the status: 403 where waiting doesn't help, 429 where it does.
QUOTA_EXCEEDED = "quota_exceeded"


@dataclass(frozen=True)
class FieldError:
    """One offending place of a request: an RFC 6901 pointer into the body (or the parameter's name) and what is wrong."""

    pointer: str
    message: str

    def __str__(self) -> str:
        return f"{self.pointer}: {self.message}" if self.pointer else f"the body {self.message}"


class OutreachError(Exception):
    """Base of every error that is the caller's to see."""

    status = 500
    code = "internal_error"
    title = "Internal error"

    def __init__(self, detail: str = "", *, code: str = "") -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.code = code or self.code


class ValidationFailed(OutreachError):
    """The request is malformed; ``errors`` names each offending place."""

    status, code, title = 400, "validation_failed", "The request is not valid"

    def __init__(self, *errors: FieldError, detail: str = "") -> None:
        super().__init__(detail or "; ".join(map(str, errors)))
        self.errors = errors

    @classmethod
    def at(cls, pointer: str, message: str) -> ValidationFailed:
        """The common case: one place, one message."""
        return cls(FieldError(pointer, message))


class Forbidden(OutreachError):
    status, code, title = 403, "forbidden", "The API key does not allow this"


class NotFound(OutreachError):
    status, code, title = 404, "not_found", "There is no such thing"


class Conflict(OutreachError):
    status, code, title = 409, "conflict", "The current state does not allow this"


class PayloadTooLarge(OutreachError):
    status, code, title = 413, "payload_too_large", "The request is too large"


class UnsupportedMediaType(OutreachError):
    status, code, title = 415, "unsupported_media_type", "The media type is not supported"


class Unprocessable(OutreachError):
    status, code, title = 422, "idempotency_mismatch", "The Idempotency-Key was used with another request"


class TooManyRequests(OutreachError):
    """``retry_after``: seconds until a repetition makes sense (RFC 9110, section 10.2.3)."""

    status, code, title = 429, "too_many_requests", "Too many requests"

    def __init__(self, detail: str = "", *, code: str = "", retry_after: int = 1) -> None:
        super().__init__(detail, code=code)
        self.retry_after = retry_after


class Unavailable(OutreachError):
    status, code, title = 503, "unavailable", "Temporarily unavailable"
