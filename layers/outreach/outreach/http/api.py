"""What every endpoint shares: tenancy, scope, canonical paths, request ids, and errors as problem+json.

A handler file is a Powertools resolver with one route and this module's :func:`entry_point`::

    app = APIGatewayRestResolver(**api.OPTIONS)

    @app.get("/contact/contacts/<id>")
    def get_contact(id: Guid) -> Contact:
        return contacts.get(api.caller(app).site_id, id)

    lambda_handler = api.entry_point(app, scope="contact:read")
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import orjson
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import ServiceError
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestUnsupportedContentType,
    RequestValidationError,
    ResponseValidationError,
)
from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach import wire
from outreach.errors import NotFound, OutreachError, UnsupportedMediaType, ValidationFailed
from outreach.http import problems
from outreach.http.caller import Caller
from outreach.http.requests import canonical_path, header
from outreach.observability import logger

if TYPE_CHECKING:
    from outreach.http.idempotency import KeyedRequest

JSON = "application/json; charset=utf-8"

# 500 for a response that does not fit its model: without it the client would be told that its request is wrong.
OPTIONS: dict[str, Any] = {
    "enable_validation": True,
    "response_validation_error_http_code": 500,
    "json_body_deserializer": wire.parse_json,
    "serializer": lambda body: orjson.dumps(body).decode(),
}

T = TypeVar("T")
Handler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]


def caller(app: APIGatewayRestResolver) -> Caller:
    """Who calls, within a route of :func:`entry_point`."""
    return app.context["caller"]  # type: ignore[no-any-return]


def new_id(app: APIGatewayRestResolver) -> str:
    """The id of what a request creates: a random one, under an ``Idempotency-Key`` the same at every try."""
    return str(app.context["new_id"]())


def created(body: Any) -> Response[Any]:
    """201 with the new resource."""
    return Response(201, JSON, body)


def accepted(body: Any, location: str) -> Response[Any]:
    """202 with how far it is, and where to look later."""
    return Response(202, JSON, body, headers={"Location": location})


def see_other(url: str) -> Response[Any]:
    """303: it lies elsewhere."""
    return Response(303, headers={"Location": url})


def no_content() -> Response[None]:
    """204."""
    return Response(204)


def verb(segment: str, verbs: Mapping[str, T]) -> tuple[str, T]:
    """Take ``<id>:<verb>`` apart: API Gateway knows no variables within a segment (contract, Paths).

    Raises:
        NotFound: no verb, or none of ``verbs``.
        ValidationFailed: the id is no GUID.
    """
    resource_id, _, name = segment.partition(":")
    if name not in verbs:
        raise NotFound("There is no such route.")
    try:
        return wire.parse_guid(resource_id), verbs[name]
    except ValueError as error:
        raise ValidationFailed.at("id", str(error)) from error


def entry_point(app: APIGatewayRestResolver, *, scope: str | None, creates: bool = False, takes_forms: bool = False) -> Handler:
    """The ``lambda_handler`` of an endpoint.

    Args:
        app: the resolver with the endpoint's routes.
        scope: what the API key must be allowed to do; ``None`` where the route itself decides (the ``:verbs``).
        creates: whether it takes an ``Idempotency-Key``; its route then gives what it creates the id of :func:`new_id`.
        takes_forms: whether a body may be a form; elsewhere it is 415, though the resolver would read it.
    """
    _map_errors(app)

    def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        request_id = event["requestContext"]["requestId"]
        log = logger()
        try:
            who = Caller.of(event)
            log.append_keys(correlation_id=request_id, site_id=who.site_id)
            if scope:
                who.require(scope)
            if not takes_forms:
                _refuse_forms(event)
            keyed = _under_key(event, who) if creates else None
            app.append_context(caller=who, new_id=keyed.new_id if keyed else uuid.uuid4)  # type: ignore[no-untyped-call]
            resolve = partial(app.resolve, {**event, "path": canonical_path(event)}, context)
            answer = keyed.once(context, resolve) if keyed else resolve()
        except OutreachError as error:
            answer = _raw(problems.response(error, request_id))
        except Exception:
            log.exception("request failed")
            answer = _raw(problems.unexpected(request_id))
        return _with_common_headers(answer, request_id)

    return lambda_handler


def _under_key(event: Mapping[str, Any], who: Caller) -> KeyedRequest | None:
    key = header(event, "Idempotency-Key")
    if key is None:
        return None
    from outreach.http.idempotency import KeyedRequest

    return KeyedRequest.of(event, who, key)


def _refuse_forms(event: Mapping[str, Any]) -> None:
    if event.get("body") and "form" in (header(event, "Content-Type") or "").partition(";")[0]:
        raise UnsupportedMediaType(problems.SEND_JSON)


def _map_errors(app: APIGatewayRestResolver) -> None:
    """Register, for each kind of error that can reach the resolver, how it becomes one of ours."""

    def answers(error: OutreachError) -> Response[str]:
        return problems.response(error, str(app.current_event["requestContext"]["requestId"]))

    app.exception_handler(OutreachError)(answers)
    app.exception_handler(RequestValidationError)(lambda error: answers(problems.from_validation(error)))
    app.exception_handler(RequestUnsupportedContentType)(lambda error: answers(problems.from_content_type(error)))
    app.exception_handler(UnicodeDecodeError)(lambda _: answers(ValidationFailed.at("", "is not UTF-8")))
    app.exception_handler(ServiceError)(lambda error: answers(problems.from_status(error.status_code)))
    app.exception_handler(ResponseValidationError)(_refuse)


def _refuse(error: ResponseValidationError) -> NoReturn:
    """A response that does not fit its model is a bug; its places may be logged, its values not."""
    places = [".".join(map(str, entry["loc"])) for entry in error.errors()]
    raise RuntimeError(f"the response does not fit its model at {places}") from None


def _raw(answer: Response[str]) -> dict[str, Any]:
    headers = {name: [value] for name, value in {**answer.headers, "Content-Type": answer.content_type or JSON}.items()}
    return {"statusCode": answer.status_code, "body": answer.body, "isBase64Encoded": False, "multiValueHeaders": headers}


def _with_common_headers(answer: dict[str, Any], request_id: str) -> dict[str, Any]:
    headers = answer["multiValueHeaders"]
    headers["X-Request-Id"] = [request_id]
    if headers.get("Content-Type") == ["application/json"]:
        headers["Content-Type"] = [JSON]
    # A string in any case: not every gateway takes ``null`` for no body.
    return {**answer, "body": answer["body"] or ""}
