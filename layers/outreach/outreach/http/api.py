"""Shared behaviour of every endpoint: tenancy, scopes, canonical paths, request ids and problem+json errors.

A handler file is a Powertools resolver with one route and this module's :func:`entry_point`::

    app = APIGatewayRestResolver(**api.OPTIONS)

    @app.get("/contact/contacts/<id>")
    def get_contact(id: Guid) -> Contact:
        return contact_store.get(api.caller(app).site_id, id)

    lambda_handler = api.entry_point(app, scope="contact:read")
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, get_args

import orjson
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.compat import field_annotation_is_sequence
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestUnsupportedContentType,
    RequestValidationError,
    ResponseValidationError,
)
from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach import aws_errors, dynamo, parsing
from outreach.errors import NO_SUCH_PATH, NotFound, OutreachError, ValidationFailed
from outreach.http import error_pointers, headers, json_pointers, problems
from outreach.http.caller import Caller
from outreach.http.request import (
    base_url,
    canonical_path,
    header,
    is_form,
    require_acceptable_body,
    require_plain_variables,
    with_canonical_media_type,
    with_canonical_query,
    with_form,
)
from outreach.http.routes import require_method
from outreach.observability import logger

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.api_gateway import Route

    from outreach.http.idempotency import FindSecret, KeyedRequest

JSON = "application/json; charset=utf-8"


def _parse_body(body: str | bytes | Mapping[str, Any]) -> Any:
    """Parse a body; a form is parsed already.

    Of a list where an object belongs, Powertools would take the first entry. It leaves a tuple alone.
    """
    document = body if isinstance(body, Mapping) else parsing.parse_json(body)
    return tuple(document) if isinstance(document, list) else document


# By default Powertools blames the client (422) when a response does not fit its model. That is our bug, hence 500.
OPTIONS: dict[str, Any] = {
    "enable_validation": True,
    "response_validation_error_http_code": 500,
    "json_body_deserializer": _parse_body,
    "serializer": lambda body: orjson.dumps(body).decode(),
}

T = TypeVar("T")
ParseForm = Callable[[Mapping[str, Any]], Mapping[str, Any]]
Handler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]


def caller(app: APIGatewayRestResolver) -> Caller:
    """Return the caller of the current request; only inside a route of :func:`entry_point`."""
    return app.context["caller"]  # type: ignore[no-any-return]


def new_id(app: APIGatewayRestResolver) -> str:
    """Return the id of the resource that this request creates: random, or stable across attempts with one ``Idempotency-Key``."""
    return str(app.context["new_id"]())


def created(app: APIGatewayRestResolver, body: Any) -> Response[Any]:
    """Return 201 with the new resource, and its URL in ``Location``. Its path is that of the request, followed by its id."""
    event = app.current_event.raw_event
    return Response(201, JSON, body, headers={"Location": f"{base_url(event)}{canonical_path(event)}/{body.id}"})


def accepted(body: Any, location: str) -> Response[Any]:
    """Return 202 with the progress so far, and the URL to poll in ``Location``."""
    return Response(202, JSON, body, headers={"Location": location})


def see_other(url: str) -> Response[Any]:
    """Return 303 to the URL that has the result."""
    return Response(303, headers={"Location": url})


def no_content() -> Response[None]:
    """Return 204."""
    return Response(204)


def verb(segment: str, verbs: Mapping[str, T]) -> tuple[str, T]:
    """Split ``<id>:<verb>``: API Gateway has no path variables within a segment (docs/api.md, "Paths").

    Raises:
        NotFound: the verb is missing or not among ``verbs``.
        ValidationFailed: the id is not a GUID.
    """
    resource_id, _, name = segment.partition(":")
    if name not in verbs:
        raise NotFound(NO_SUCH_PATH)
    try:
        return parsing.parse_guid(resource_id), verbs[name]
    except ValueError as error:
        raise ValidationFailed.at("/id", str(error)) from error


def entry_point(
    app: APIGatewayRestResolver,
    *,
    scope: str | Mapping[str, str] | None,
    idempotent: bool = False,
    parse_form: ParseForm | None = None,
    find_secret: FindSecret | None = None,
) -> Handler:
    """Make the ``lambda_handler`` of an endpoint.

    Args:
        app: the resolver with the endpoint's routes.
        scope: the scope that the API key needs; by verb, where each ``:verb`` has a route; ``None`` when the route checks it.
        idempotent: whether the endpoint accepts an ``Idempotency-Key``; its route then uses :func:`new_id` for what it creates.
        parse_form: parses a body that is a form. Without it, a form is 415.
        find_secret: finds the ``secret`` of a response again when its request is repeated, because it is not stored with it.
    """
    _map_errors(app)

    def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        api_caller = Caller.of(event)
        logger().append_keys(
            correlation_id=event["requestContext"]["requestId"], site_id=api_caller.site_id, key_id=api_caller.key_id
        )
        require_method(event)
        require_plain_variables(event)
        if required := _required_scope(scope, event):
            api_caller.require(required)
        event = _canonical(event, app, takes_forms=parse_form is not None)
        if parse_form and is_form(event):
            event = with_form(event, parse_form(event))
        keyed = _keyed_request(event, api_caller) if idempotent else None
        app.append_context(caller=api_caller, new_id=keyed.new_id if keyed else uuid.uuid4)  # type: ignore[no-untyped-call]
        resolve = partial(app.resolve, {**event, "path": canonical_path(event)}, context)
        return keyed.resolve_once(context, resolve, find_secret) if keyed else resolve()

    return _answering_errors(handle)


def _answering_errors(handle: Handler) -> Handler:
    """Wrap a handler: it answers an error as problem+json, and gives every response the common headers."""

    def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        try:
            response = handle(event, context)
        except OutreachError as error:
            response = _to_gateway(problems.response(error, event))
        except Exception as error:
            logger().exception("request failed")
            response = _to_gateway(_unexpected(error, event))
        return _with_common_headers(response, event["requestContext"]["requestId"])

    return lambda_handler


def _required_scope(scope: str | Mapping[str, str] | None, event: Mapping[str, Any]) -> str | None:
    """Return the scope that a request needs. ``None`` for a verb without one: the resolver then answers 404."""
    if scope is None or isinstance(scope, str):
        return scope
    verb_of_path = canonical_path(event).rpartition(":")[2]
    return scope.get(verb_of_path)


def _keyed_request(event: Mapping[str, Any], api_caller: Caller) -> KeyedRequest | None:
    key = header(event, "Idempotency-Key")
    if key is None:
        return None
    from outreach.http.idempotency import KeyedRequest

    return KeyedRequest.of(event, api_caller, key)


def _canonical(event: dict[str, Any], app: APIGatewayRestResolver, *, takes_forms: bool) -> dict[str, Any]:
    """Refuse what no endpoint accepts, and spell media type and query as the endpoint does."""
    require_acceptable_body(event, takes_forms=takes_forms)
    parameters = query_parameters(app)
    scalars = [name for name, is_scalar in parameters.items() if is_scalar]
    return with_canonical_query(with_canonical_media_type(event), parameters, scalars)


@cache  # the types of the signatures are the same for every request
def query_parameters(app: APIGatewayRestResolver) -> dict[str, bool]:
    """Return the query parameters in the signatures of an endpoint's routes, and whether each has a single value."""
    fields = [field for route in routes(app) for field in route.dependant.query_params]
    return {field.alias: not _is_list(field.field_info.annotation) for field in fields}


def _is_list(annotation: Any) -> bool:
    """Return whether a type is a list, maybe an annotated or an optional one."""
    return field_annotation_is_sequence(annotation) or any(map(_is_list, get_args(annotation)))


def body_type(route: Route) -> Any:
    """Return the type of the body in the signature of a route; ``None`` without a body."""
    fields = route.dependant.body_params
    return fields[0].field_info.annotation if fields else None


def routes(app: APIGatewayRestResolver) -> list[Route]:
    """Return the routes of an endpoint: one for each accepted spelling of its path."""
    return [*app._static_routes, *app._dynamic_routes]


def _unexpected(error: Exception, event: Mapping[str, Any]) -> Response[str]:
    """Return the response for an error that no rule foresees: 503 for an outage of AWS, 500 for a fault of ours.

    A document within all limits may still be too large for an item.
    """
    if dynamo.is_item_too_large(error):
        message = "is too large to be stored (400 KB); use fewer or shorter values"
        return problems.response(ValidationFailed.at("", message), event)
    # Powertools wraps the errors of its store.
    is_outage = any(isinstance(cause, Exception) and aws_errors.is_transient(cause) for cause in (error, error.__cause__))
    return problems.unavailable(event) if is_outage else problems.unexpected(event)


def _map_errors(app: APIGatewayRestResolver) -> None:
    """Map every error that can reach the resolver to problem+json."""

    def locate(steps: Sequence[json_pointers.Step], has_tags: bool) -> str:
        document = _document(app)
        if document is None:
            return json_pointers.to_pointer(steps[:1])
        return error_pointers.in_document(steps, document, body_type(app.context["_route"]), has_tags=has_tags)

    def respond(error: OutreachError) -> Response[str]:
        return problems.response(error, app.current_event.raw_event)

    def respond_to_invalid(error: ValidationFailed) -> Response[str]:
        return respond(error if _document(app) is None else problems.with_pointers_into(error, locate))

    app.exception_handler(OutreachError)(respond)
    app.exception_handler(ValidationFailed)(respond_to_invalid)
    app.exception_handler(RequestValidationError)(lambda error: respond(problems.from_validation(error, locate)))
    app.exception_handler(RequestUnsupportedContentType)(lambda error: respond(problems.from_content_type(error)))
    app.exception_handler(UnicodeDecodeError)(lambda _: respond(ValidationFailed.at("", "is not UTF-8")))
    app.exception_handler(NotFoundError)(lambda _: respond(NotFound(NO_SUCH_PATH)))
    app.exception_handler(ResponseValidationError)(_raise_without_values)


def _document(app: APIGatewayRestResolver) -> Any:
    """Return the parsed body; ``None`` when it is not JSON."""
    if isinstance(app.current_event.body, Mapping):  # a form
        return None
    try:
        return app.current_event.json_body
    except (ValidationFailed, ValueError):
        return None


def _raise_without_values(error: ResponseValidationError) -> NoReturn:
    """Raise what is logged: a response that does not fit its model is a bug. It names the fields but not their values."""
    locations = [".".join(map(str, entry["loc"])) for entry in error.errors()]
    raise RuntimeError(f"the response does not fit its model at {locations}") from None


def _to_gateway(response: Response[str]) -> dict[str, Any]:
    values = {name: [value] for name, value in {**response.headers, "Content-Type": response.content_type or JSON}.items()}
    return {"statusCode": response.status_code, "body": response.body, "isBase64Encoded": False, "multiValueHeaders": values}


def _with_common_headers(response: dict[str, Any], request_id: str) -> dict[str, Any]:
    common = {name: [value] for name, value in {**headers.NO_STORE, **headers.SECURITY, "X-Request-Id": request_id}.items()}
    values = {**response["multiValueHeaders"], **common}
    if values.get("Content-Type") == ["application/json"]:
        values["Content-Type"] = [JSON]
    # Not every gateway accepts ``null`` as an empty body.
    return {**response, "multiValueHeaders": values, "body": response["body"] or ""}
