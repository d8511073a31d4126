"""Reads a request from API Gateway's event, and refuses what no endpoint accepts (docs/api.md, "JSON and HTTP")."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from outreach import text
from outreach.errors import FieldError, PayloadTooLarge, UnsupportedMediaType, ValidationFailed
from outreach.http.json_pointers import to_pointer
from outreach.settings import settings

# A Lambda request holds 6 MB, in which the gateway encodes every body as base64.
MAX_BODY_BYTES = 4_500_000
MAX_PARAMETER = 2_000
_PAGE_NUMBERS = ("pageIndex", "pageSize")
SEND_JSON = "Send the body as application/json."
_SEND_FORM_OR_JSON = "Send the body as multipart/form-data or application/json."

_JSON = ("", "application/json")
_FORM = "multipart/form-data"
_PARAMETER_NAME = re.compile(r"(^|;)\s*([\w-]+)\s*=\s*")

Event = Mapping[str, Any]


def header(event: Event, name: str) -> str | None:
    """Return the value of a request header; names are case-insensitive."""
    return next((value for key, value in (event.get("headers") or {}).items() if key.lower() == name.lower()), None)


def base_url(event: Event) -> str:
    """Return the URL of the API: the configured one, or else the gateway's own, without a trailing slash.

    Only the event has the latter: it is unknown until the stack exists. The gateway of the webhooks, whose own URL leads to
    no page, has that of the API in a variable of its stage.
    """
    context, variables = event["requestContext"], event.get("stageVariables") or {}
    return settings().public_base_url or variables.get("apiUrl") or f"https://{context['domainName']}/{context['stage']}"


# The resolver takes letters and digits of any script in a path variable, but only ASCII signs.
_WIDE_PLUS = str.maketrans("\N{FULLWIDTH PLUS SIGN}\N{SMALL PLUS SIGN}", "++")


_NO_ID = "contains a character that neither ids nor numbers have"
# What the resolver does not take in a path variable.
_NOT_IN_VARIABLES = re.compile(r"[^-._~()'!*:@,;=+&$%<> \[\]{}|^\w]")


def require_plain_variables(event: Event) -> None:
    """Refuse path variables that no route takes, such as one with an encoded slash.

    Raises:
        ValidationFailed: a variable has a character that no id and no number has.
    """
    names = [name for name, value in _variables(event).items() if _NOT_IN_VARIABLES.search(value)]
    if names:
        raise ValidationFailed(*(FieldError(to_pointer([name]), _NO_ID) for name in names))


def _variables(event: Event) -> dict[str, str]:
    return {name: unquote(value).translate(_WIDE_PLUS) for name, value in (event.get("pathParameters") or {}).items()}


def canonical_path(event: Event) -> str:
    """Return the route with its decoded path variables: no trailing slash, ``%3A`` as ``:`` (docs/api.md, "Paths")."""
    path: str = event["resource"]
    for name, value in _variables(event).items():
        path = path.replace(f"{{{name}}}", value)
    return path


def require_acceptable_body(event: Event, *, takes_forms: bool) -> None:
    """Refuse a body that the endpoint does not accept.

    Args:
        event: the gateway's event.
        takes_forms: whether the body may be a form (multipart/form-data). Elsewhere a form is 415, although the resolver would
            parse it.

    Raises:
        PayloadTooLarge: the body is larger than the gateway and Lambda pass on.
        UnsupportedMediaType: the body is compressed, or neither JSON nor an accepted form.
    """
    if _body_bytes(event) > MAX_BODY_BYTES:
        advice = "Send less; give an import the URL or the size of its file."
        raise PayloadTooLarge(f"A request body may have at most {MAX_BODY_BYTES / 1_000_000} MB. {advice}")
    if any(coding.strip().lower() not in ("", "identity") for coding in (header(event, "Content-Encoding") or "").split(",")):
        raise UnsupportedMediaType("Send the body without Content-Encoding.")
    if event.get("body") and _media_type(event)[0] not in _JSON and not (takes_forms and is_form(event)):
        raise UnsupportedMediaType(_SEND_FORM_OR_JSON if takes_forms else SEND_JSON)


def is_form(event: Event) -> bool:
    """Return whether the body is a form."""
    return _media_type(event)[0] == _FORM


def raw_body(event: Event) -> bytes:
    """Return the bytes of the body."""
    body: str = event.get("body") or ""
    return base64.b64decode(body) if event.get("isBase64Encoded") else body.encode(errors="surrogatepass")


def _body_bytes(event: Event) -> int:
    body: str = event.get("body") or ""
    if event.get("isBase64Encoded"):
        return len(body) * 3 // 4 - body.count("=", -2)
    return len(body.encode(errors="surrogatepass"))


def _media_type(event: Event) -> tuple[str, str]:
    """Return the media type in lower case, and its parameters with their names in lower case."""
    media_type, _, parameters = (header(event, "Content-Type") or "").partition(";")
    return media_type.strip().lower(), _PARAMETER_NAME.sub(lambda match: f"{match[1]}{match[2].lower()}=", parameters)


def with_form(event: Event, form: Mapping[str, Any]) -> dict[str, Any]:
    """Return the event with its parsed form in the place of the body, which the resolver takes like JSON."""
    return _with_media_type({**event, "body": form, "isBase64Encoded": False}, _JSON[1])


def with_canonical_media_type(event: Event) -> dict[str, Any]:
    """Return the event with its media type in lower case. The resolver compares it as it stands."""
    return _with_media_type(event, ";".join(filter(None, _media_type(event))))


def _with_media_type(event: Event, media_type: str) -> dict[str, Any]:
    names = [name for name in event.get("headers") or {} if name.lower() == "content-type"]
    if not names:
        return dict(event)
    changes: dict[str, dict[str, Any]] = {
        "headers": dict.fromkeys(names, media_type),
        "multiValueHeaders": {name: [media_type] for name in names},
    }
    return {**event, **{part: {**(event.get(part) or {}), **values} for part, values in changes.items()}}


def with_canonical_query(event: Event, known: Iterable[str], scalars: Iterable[str]) -> dict[str, Any]:
    """Return the event with the documented spelling of each query parameter, without blank ones.

    ``siteId`` belongs to every endpoint. A blank number of a page stays, so that the endpoint refuses it.

    Args:
        event: the gateway's event.
        known: the names of the endpoint's parameters.
        scalars: those that have one value, whose length is limited.

    Raises:
        ValidationFailed: a parameter is unknown, given twice, too long, not Unicode or no text.
    """
    documented = {name.lower(): name for name in [*known, "siteId"]}
    query: dict[str, list[str]] = {}
    errors = []
    for name, values in (event.get("multiValueQueryStringParameters") or {}).items():
        canonical = documented.get(name.lower(), name)
        query.setdefault(canonical, []).extend(values)
        if message := _parameter_error(canonical, query[canonical], documented.values(), scalars):
            errors.append(FieldError(to_pointer([name]), message))
    if errors:
        raise ValidationFailed(*errors)
    query = {name: values for name, values in query.items() if name not in scalars or name in _PAGE_NUMBERS or values[-1].strip()}
    single = {name: values[-1] for name, values in query.items()}
    return {**event, "multiValueQueryStringParameters": query or None, "queryStringParameters": single or None}


def _parameter_error(name: str, values: Sequence[str], known: Iterable[str], scalars: Iterable[str]) -> str | None:
    if name not in known:
        return f"is not a parameter of this request; its parameters are {', '.join(known)}"
    if name in scalars and len(values) > 1:
        return f"must be given once, but is given {len(values)} times"
    if name in scalars and any(len(value) > MAX_PARAMETER for value in values):
        return f"must have at most {MAX_PARAMETER:,} characters"
    if any(not _is_unicode(value) for value in values):
        return "is not UTF-8"
    try:
        text.require_text("".join(values))
    except ValueError as error:
        return str(error)
    return None


def _is_unicode(value: str) -> bool:
    """Return whether a text contains no lone surrogate, which UTF-8 cannot express."""
    return not re.search(r"[\ud800-\udfff]", value)
