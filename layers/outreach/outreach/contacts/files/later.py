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
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach import wire
from outreach.contacts.files import objects
from outreach.contacts.files.status import Status
from outreach.contacts.files.waiting import WAIT_SECONDS, progress
from outreach.errors import NotFound
from outreach.http import api, large
from outreach.observability import logger

# The functions that answer later.
FUNCTIONS = ("list_contacts", "query_contacts")

# What a function reads of a request; its key, above all, is not for keeping.
_PROPERTIES = ("resource", "path", "httpMethod", "multiValueQueryStringParameters", "pathParameters", "body", "isBase64Encoded")
_CONTEXT = ("requestId", "stage", "domainName", "authorizer")


class ListResultResponse(wire.Response):
    id: str
    status: Status


def deadline(event: Mapping[str, Any]) -> float | None:
    """Until when a request must be answered (see ``time.monotonic``)."""
    return None if event.get("isAnsweredLater") else time.monotonic() + WAIT_SECONDS


def accepted(event: Mapping[str, Any], function: str, site_id: str) -> Response[Any]:
    """Have a request answered behind: 202, with the place where its answer will be."""
    list_id = str(uuid.uuid4())
    kept = {name: event.get(name) for name in _PROPERTIES}
    kept["headers"] = {name: value for name, value in (event.get("headers") or {}).items() if name.lower() == "content-type"}
    kept["requestContext"] = {name: event["requestContext"].get(name) for name in _CONTEXT}
    objects.put(objects.list_request_key(function, site_id, list_id), orjson.dumps(kept))
    # An exception's handler answers with it, for which the resolver serialises no models.
    return api.accepted(ListResultResponse(id=list_id, status=Status.RUNNING).model_dump(), f"/listResults/{list_id}")


def answers(handler: api.Handler) -> api.Handler:
    """The function's handler for the gateway's events and for the bucket's."""
    at_once = large.answers(handler)

    def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        if "detail" not in event:
            return at_once(event, context)
        site_id, list_id = objects.owner(event)
        request = orjson.loads(objects.get(event["detail"]["object"]["key"]))
        answer = handler({**request, "isAnsweredLater": True}, context)
        if answer["statusCode"] != 200:
            raise RuntimeError(f"the request was answered {answer['statusCode']}")
        objects.put(objects.list_result_key(site_id, list_id), answer["body"].encode(), api.JSON)
        logger().info("list answered later", list_id=list_id, site_id=site_id)
        return {"list_id": list_id}

    return lambda_handler


def status(site_id: str, list_id: str) -> Status:
    """How far an answer is.

    Raises:
        NotFound: the site has asked for no such list, or not for a long time.
    """
    requests = [objects.list_request_key(function, site_id, list_id) for function in FUNCTIONS]
    found = progress(requests, objects.list_result_key(site_id, list_id))
    if found is None:
        raise NotFound("There is no such list.")
    return found


def url(site_id: str, list_id: str) -> str:
    """Where an answer can be fetched, for a short while."""
    return objects.url(objects.list_result_key(site_id, list_id))
