"""Parses the forms of an endpoint that takes files (RFC 7578), as the libraries of many languages write them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import multipart
from aws_lambda_powertools.event_handler.openapi.params import UploadFile
from pydantic import BaseModel

from outreach import wire
from outreach.errors import FieldError, ValidationFailed
from outreach.http.json_pointers import to_pointer
from outreach.http.request import MAX_BODY_BYTES, header, raw_body

_MALFORMED = "is not a valid multipart/form-data form"
_URL = ("http://", "https://")


def parse(event: Mapping[str, Any], model: type[BaseModel], file: str) -> dict[str, Any]:
    """Parse the form of a request.

    A misspelt option of an upload would change what the upload does, so a form has only properties of the model.

    Args:
        event: the gateway's event.
        model: the model of the form; a property of the form matches in every spelling of the model.
        file: the documented name of the property that is a file, or the URL of one. The others are texts.

    Raises:
        ValidationFailed: the form is malformed, or has a property that is unknown, given twice or not text.
    """
    documented = wire.spellings(model)
    values: dict[str, Any] = {}
    errors = []
    for part in _parts(event):
        name, pointer = documented.get(part.name.lower()), to_pointer([part.name])
        if name is None or name in values:
            errors.append(FieldError(pointer, "must be given once" if name else _unknown(documented)))
            continue
        try:
            values[name] = _file_or_url(part) if name == file else part.raw.decode()
        except UnicodeDecodeError:
            errors.append(FieldError(pointer, "is not UTF-8"))
    if errors:
        raise ValidationFailed(*errors)
    return values


def _unknown(documented: Mapping[str, str]) -> str:
    return f"is not a property of this form, which has {', '.join(dict.fromkeys(documented.values()))}"


def _parts(event: Mapping[str, Any]) -> list[multipart.MultipartPart]:
    """Return the parts of the form of a request.

    Raises:
        ValidationFailed: the form is malformed.
    """
    body = raw_body(event)
    _, options = multipart.parse_options_header(header(event, "Content-Type") or "")
    try:
        parser = multipart.MultipartParser(
            io.BytesIO(body), options.get("boundary", ""), len(body), spool_limit=MAX_BODY_BYTES, memory_limit=2 * MAX_BODY_BYTES
        )
        return list(parser)
    except ValueError as error:
        raise ValidationFailed.at("", _MALFORMED) from error


def _file_or_url(part: multipart.MultipartPart) -> UploadFile | str | None:
    """Return the file or the URL of a part. A part without a file name is a file, too: some programs leave the name out."""
    if not part.filename and (not part.raw or part.raw.lower().startswith(tuple(map(str.encode, _URL)))):
        return str(part.raw.decode()) or None
    return UploadFile(content=part.raw, filename=part.filename, content_type=part.headers.get("Content-Type"))
