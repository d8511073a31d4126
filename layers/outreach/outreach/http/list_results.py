"""List results: a list or preview that takes too long is answered with 202 and finished in the background.

The endpoint stores its request as an S3 object and responds with 202. The object's creation invokes the same function again, with
an S3 event in place of the gateway's. This second run has no deadline; it stores the response as another object.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any

import orjson
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach import s3, wire
from outreach.errors import NotFound
from outreach.http import api, oversized
from outreach.http.api import Handler
from outreach.http.caller import Caller
from outreach.http.job_status import JobStatus, status_of
from outreach.http.limits import DeadlineExceeded
from outreach.http.polling import WAIT_SECONDS
from outreach.observability import logger

# The functions that may answer later, each with the scope that the request requires.
FUNCTIONS = {
    "list_contacts": "contact:read",
    "query_contacts": "contact:read",
    "list_opt_outs": "contact:read",
    "list_messages": "outreach:read",
    "list_replies": "outreach:read",
    "act_on_campaign": "outreach:read",  # the preview
    "act_on_campaign_record": "outreach:read",  # the export of results
}

# The parts of a request that the second run reads. Headers such as the API key must not be stored.
_PROPERTIES = ("resource", "path", "httpMethod", "multiValueQueryStringParameters", "pathParameters", "body", "isBase64Encoded")
_CONTEXT = ("requestId", "stage", "domainName", "authorizer")


class ListResultResponse(wire.Response):
    id: str
    status: JobStatus


def entry_point(
    app: APIGatewayRestResolver, function: str, *, scopes: Mapping[str, str] | None = None, idempotent: bool = False
) -> Handler:
    """Make the ``lambda_handler`` of an endpoint that may answer later.

    The handler accepts the gateway's events and the bucket's. The route must observe :func:`response_deadline`.

    Args:
        app: the resolver with the endpoint's routes.
        function: a key of :data:`FUNCTIONS`.
        scopes: the scopes of the verbs; see :func:`outreach.http.api.entry_point`.
        idempotent: see :func:`outreach.http.api.entry_point`.
    """

    def answer_later(_: DeadlineExceeded) -> Response[Any]:
        return _answer_later(app.current_event.raw_event, function, api.caller(app).site_id)

    app.exception_handler(DeadlineExceeded)(answer_later)
    handler = api.entry_point(app, scope=scopes or FUNCTIONS[function], idempotent=idempotent)
    gateway_handler = oversized.redirect_oversized(handler)

    def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        if "detail" not in event:
            return gateway_handler(event, context)
        site_id, list_id = s3.ids_of_created_object(event)
        request = orjson.loads(s3.files().get(event["detail"]["object"]["key"]))
        response = handler({**request, "hasNoDeadline": True}, context)
        if response["statusCode"] != 200:
            raise RuntimeError(f"the stored request failed with status {response['statusCode']}")
        s3.files().put(result_key(function, site_id, list_id), response["body"].encode(), api.JSON)
        logger().info("list result stored", list_id=list_id, site_id=site_id)
        return {"list_id": list_id}

    return lambda_handler


def response_deadline(app: APIGatewayRestResolver) -> float | None:
    """Return the deadline of the response to the current request (see ``time.monotonic``); ``None`` in the background."""
    return None if app.current_event.raw_event.get("hasNoDeadline") else time.monotonic() + WAIT_SECONDS


def _answer_later(event: Mapping[str, Any], function: str, site_id: str) -> Response[Any]:
    """Store the request for the background run; respond with 202 and the URL of the result."""
    list_id = str(uuid.uuid4())
    request = {name: event.get(name) for name in _PROPERTIES}
    request["headers"] = {name: value for name, value in (event.get("headers") or {}).items() if name.lower() == "content-type"}
    request["requestContext"] = {name: event["requestContext"].get(name) for name in _CONTEXT}
    s3.files().put(request_key(function, site_id, list_id), orjson.dumps(request))
    # The resolver serialises no models in the response of an exception handler.
    return api.accepted(ListResultResponse(id=list_id, status=JobStatus.RUNNING).model_dump(), f"/listResults/{list_id}")


def find_response(caller: Caller, list_id: str) -> tuple[JobStatus, str]:
    """Return the status of a list result, and the key of its object.

    Raises:
        NotFound: the site has no such list, or it has expired.
        Forbidden: the API key lacks the scope of the list's endpoint.
    """
    for function, scope in FUNCTIONS.items():
        key = result_key(function, caller.site_id, list_id)
        if status := status_of(request_key(function, caller.site_id, list_id), key):
            caller.require(scope)
            return status, key
    raise NotFound("The site has no list result with this id, or the result has expired. Request the list again.")


def request_key(function: str, site_id: str, list_id: str) -> str:
    """Return the key of a stored request in the files bucket; the object's creation invokes the function again."""
    return f"list-requests/{function}/{site_id}/{list_id}"


def result_key(function: str, site_id: str, list_id: str) -> str:
    """Return the key of a list result in the files bucket."""
    return f"list-results/{function}/{site_id}/{list_id}"
