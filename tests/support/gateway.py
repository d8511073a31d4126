"""The REST API as a WSGI application, which routes requests, authorizes them and calls the handlers as API Gateway does."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from functools import cache
from typing import Any

from werkzeug.wrappers import Request, Response

from outreach.settings import settings
from tests.support.functions import CATCH_ALL, Context, api_event, load, matches_method, matches_route
from tests.support.stack import events, folder, functions
from tests.support.template import ROOT, resources

REQUEST_ID = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
BASE_URL = "https://api.example/v1"
_GATEWAY_URL = "https://$context.domainName/$context.stage"


@Request.application
def application(request: Request) -> Response:
    """Answer a request, whose path is matched without decoding it."""
    url = "/" + str(request.environ["REQUEST_URI"]).lstrip("/")
    route = _route(request.method, url.partition("?")[0])
    if route is None:
        return _gateway_response("MISSING_AUTHENTICATION_TOKEN")
    path, is_open = route
    headers = {name.lower(): value for name, value in request.headers.items()}
    caller = {} if is_open else _authorized(headers)
    if caller is None:
        return _gateway_response("UNAUTHORIZED")
    event = api_event(path, request.method, url, request.get_data() or None, headers=headers, **caller)
    answer = load(path).lambda_handler(event, Context())
    body = base64.b64decode(answer["body"]) if answer.get("isBase64Encoded") else answer["body"]
    return Response(body, answer["statusCode"], list(_headers(answer)))


def _headers(answer: dict[str, Any]) -> Iterable[tuple[str, str]]:
    yield from answer.get("headers", {}).items()
    for name, values in answer.get("multiValueHeaders", {}).items():
        yield from ((name, value) for value in values)


@cache
def _routes() -> list[tuple[str, list[str], str, bool]]:
    """All routes, the most specific first: method, path split at its slashes, handler, and whether it needs no API key."""
    properties = functions()
    routes = [
        (
            event["Method"].upper(),
            event["Path"].strip("/").split("/"),
            str(folder(properties[name]).relative_to(ROOT / "functions")),
            event.get("Auth", {}).get("Authorizer") == "NONE",
        )
        for name, event in events("Api")
    ]
    return sorted(routes, key=lambda route: (route[1] == [CATCH_ALL], sum(step.startswith("{") for step in route[1])))


def _route(method: str, path: str) -> tuple[str, bool] | None:
    steps = path.strip("/").split("/")
    matches = (
        (function, is_open)
        for route_method, pattern, function, is_open in _routes()
        if matches_method(route_method, method) and matches_route(pattern, steps)
    )
    return next(matches, None)


def _authorized(headers: dict[str, str]) -> dict[str, str] | None:
    try:
        policy = load("api/authorize").lambda_handler({"headers": headers, "methodArn": "arn:aws:execute-api/v1/GET/"}, Context())
    except Exception as error:
        assert str(error) == "Unauthorized"  # noqa: PT017 - API Gateway answers this message with 401
        return None
    return {"site_id": policy["context"]["siteId"], "scopes": policy["context"]["scopes"]}


def gateway_responses() -> dict[str, dict[str, Any]]:
    """The errors that the gateway answers itself."""
    responses: dict[str, dict[str, Any]] = resources("AWS::Serverless::Api")["Api"]["GatewayResponses"]
    return responses


def gateway_problem(name: str, base_url: str = BASE_URL) -> dict[str, Any]:
    """The body of an error that the gateway answers itself."""
    text, variables = gateway_responses()[name]["ResponseTemplates"]["application/json"]["Fn::Sub"]
    assert variables == {"Api": {"Fn::If": ["HasPublicBaseUrl", {"Ref": "PublicBaseUrl"}, _GATEWAY_URL]}}
    filled = text.replace("${Api}", base_url).replace("$context.requestId", REQUEST_ID)
    return dict(json.loads(filled.replace("$context.error.messageString", '"Invalid."')))


def _gateway_response(name: str) -> Response:
    response = gateway_responses()[name]
    headers = response["ResponseParameters"]["Headers"]
    values = {key: REQUEST_ID if value == "context.requestId" else value.strip("'") for key, value in headers.items()}
    problem = gateway_problem(name, settings().public_base_url or BASE_URL)
    return Response(json.dumps(problem), response["StatusCode"], values)
