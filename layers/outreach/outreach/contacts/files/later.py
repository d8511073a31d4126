"""Lists that take longer than a client waits (contract, Lists): the request is put into the bucket, and answered behind.

Its arrival calls the same function once more, with an event of the bucket instead of the gateway's: the request is then answered
without a deadline, and the answer becomes an object.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any

import orjson
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach import wire
from outreach.bounds import TooSlow
from outreach.contacts.files import objects
from outreach.contacts.files.status import Status
from outreach.contacts.files.waiting import WAIT_SECONDS, progress
from outreach.errors import NotFound
from outreach.http import api, large
from outreach.http.api import Handler
from outreach.http.caller import Caller
from outreach.observability import logger

# The functions that answer later, and what an API key must be allowed to do for it.
FUNCTIONS = {"list_contacts": "contact:read", "query_contacts": "contact:read", "list_messages": "outreach:read"}

# What a function reads of a request; its key, above all, is not for keeping.
_PROPERTIES = ("resource", "path", "httpMethod", "multiValueQueryStringParameters", "pathParameters", "body", "isBase64Encoded")
_CONTEXT = ("requestId", "stage", "domainName", "authorizer")


class ListResultResponse(wire.Response):
    id: str
    status: Status


def entry_point(app: APIGatewayRestResolver, function: str) -> Handler:
    """The handler of a list that may take long (see :func:`outreach.http.api.entry_point`): for the gateway's events, and for the
    bucket's. The route keeps to :func:`deadline`."""

    def answer_later(_: TooSlow) -> Response[Any]:
        return _accepted(app.current_event.raw_event, function, api.caller(app).site_id)

    app.exception_handler(TooSlow)(answer_later)
    handler = api.entry_point(app, scope=FUNCTIONS[function])
    at_once = large.answers(handler)

    def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        if "detail" not in event:
            return at_once(event, context)
        site_id, list_id = objects.owner(event)
        request = orjson.loads(objects.get(event["detail"]["object"]["key"]))
        answer = handler({**request, "isAnsweredLater": True}, context)
        if answer["statusCode"] != 200:
            raise RuntimeError(f"the request was answered {answer['statusCode']}")
        objects.put(objects.list_result_key(function, site_id, list_id), answer["body"].encode(), api.JSON)
        logger().info("list answered later", list_id=list_id, site_id=site_id)
        return {"list_id": list_id}

    return lambda_handler


def deadline(app: APIGatewayRestResolver) -> float | None:
    """Until when a request must be answered (see ``time.monotonic``); ``None`` when nobody waits any more."""
    return None if app.current_event.raw_event.get("isAnsweredLater") else time.monotonic() + WAIT_SECONDS


def _accepted(event: Mapping[str, Any], function: str, site_id: str) -> Response[Any]:
    """Have a request answered behind: 202, with the place where its answer will be."""
    list_id = str(uuid.uuid4())
    kept = {name: event.get(name) for name in _PROPERTIES}
    kept["headers"] = {name: value for name, value in (event.get("headers") or {}).items() if name.lower() == "content-type"}
    kept["requestContext"] = {name: event["requestContext"].get(name) for name in _CONTEXT}
    objects.put(objects.list_request_key(function, site_id, list_id), orjson.dumps(kept))
    # An exception's handler answers with it, for which the resolver serialises no models.
    return api.accepted(ListResultResponse(id=list_id, status=Status.RUNNING).model_dump(), f"/listResults/{list_id}")


def find(caller: Caller, list_id: str) -> tuple[Status, str]:
    """How far an answer is, and the key of the object that it is or will be.

    Raises:
        NotFound: the site has asked for no such list, or not for a long time.
        Forbidden: the caller may not ask for such a list.
    """
    for function, scope in FUNCTIONS.items():
        request, result = (key(function, caller.site_id, list_id) for key in (objects.list_request_key, objects.list_result_key))
        if status := progress(request, result):
            caller.require(scope)
            return status, result
    raise NotFound("There is no such list.")
