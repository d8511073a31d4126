"""Serves two gateways of the local AWS under one short base URL, like a custom domain on AWS.

Forwards webhooks to the HTTP API and all other requests to a stage of the REST API. Passes bodies, paths, queries, headers and
statuses unchanged, except for connection headers (RFC 9110, section 7.6.1) and the `X-Forwarded-*` headers that API Gateway sets.

Refuses what API Gateway and Lambda refuse: large bodies, encoded bodies and unknown paths. Errors are problem+json, and every
response has `X-Request-Id`.
"""

import json
import uuid
from argparse import ArgumentParser
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, TCPConnector, web
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_urldispatcher import _default_expect_handler
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from outreach.errors import MethodNotAllowed, NotFound, OutreachError, PayloadTooLarge, Unavailable, UnsupportedMediaType
from outreach.http.request import MAX_BODY_BYTES

HOP_BY_HOP = frozenset(
    ["connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade"]
)
ROUTES = Path(__file__).parents[2] / "layers/outreach/outreach/http/routes.json"
WEBHOOKS = ("/webhooks/twilio/", "/webhooks/telnyx/")
# A body passes unchanged, so aiohttp must not decompress it.
SERVER_OPTIONS: dict[str, Any] = {"auto_decompress": False}
BASE_URL = web.AppKey("base_url", str)
AWS_ENDPOINT = web.AppKey("aws_endpoint", str)
REST_API = web.AppKey("rest_api", str)
HTTP_API = web.AppKey("http_api", str)
CLIENT = web.AppKey("client", ClientSession)

SECURITY = {"X-Content-Type-Options": "nosniff", "Strict-Transport-Security": "max-age=63072000"}


class BadRequest(OutreachError):
    """The gateway cannot read the request (the gateway response `DEFAULT_4XX` in template.yaml)."""

    status, code, title = 400, "bad_request", "Bad request"


def create_app(*, base_url: str, aws_endpoint: str, rest_api: str, http_api: str) -> web.Application:
    """Make the proxy application.

    Args:
        base_url: the short base URL, without a trailing slash.
        aws_endpoint: URL of the local AWS, without a trailing slash.
        rest_api: `<id>/<stage>` of the REST API.
        http_api: `<id>/<stage>` of the HTTP API for the carriers' webhooks.
    """
    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[_with_problems])
    app[BASE_URL], app[AWS_ENDPOINT], app[REST_API], app[HTTP_API] = base_url, aws_endpoint, rest_api, http_api
    app.cleanup_ctx.append(_client)
    if ["GET", "/console"] in json.loads(ROUTES.read_text()):
        app.router.add_get("/", _redirect_to_console, allow_head=False)
    app.router.add_route("*", "/{path:.*}", _answer, expect_handler=_answer_expectation)
    _answer_what_cannot_be_parsed(app)
    return app


def _answer_what_cannot_be_parsed(app: web.Application) -> None:
    """Let aiohttp answer what it cannot parse, such as an unknown method, like the gateway. Its own answer is plain text."""

    def handle_error(_protocol: Any, _request: Any, status: int = 500, *_: Any) -> web.StreamResponse:
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            response = problem(app, OutreachError("The proxy of the local stack failed."))
        else:
            response = problem(app, BadRequest("The gateway cannot read the request. Check its method and its headers."))
        response.force_close()
        return response

    RequestHandler.handle_error = handle_error  # type: ignore[assignment, method-assign]


@web.middleware
async def _with_problems(request: web.Request, handler: Any) -> web.StreamResponse:
    """Answer a path without a route, such as that of CONNECT, like the gateway."""
    try:
        return await handler(request)  # type: ignore[no-any-return]
    except web.HTTPNotFound:
        return problem(request.app, NotFound("No route has this path."))


def problem(app: web.Application, error: OutreachError) -> web.Response:
    """Return an error in the format of the API's errors."""
    request_id = str(uuid.uuid4())
    members = {
        "type": f"{app[BASE_URL]}/docs/errors#{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "instance": request_id,
        "code": error.code,
    }
    headers = {"X-Request-Id": request_id, **SECURITY}
    return web.json_response(members, status=error.status, headers=headers, content_type="application/problem+json")


async def _redirect_to_console(_: web.Request) -> web.Response:
    return web.Response(status=HTTPStatus.FOUND, headers={"Location": "/console", "X-Request-Id": str(uuid.uuid4()), **SECURITY})


async def _answer_expectation(request: web.Request) -> web.StreamResponse | None:
    """Let a client that asks for it send its body. Refuse any other expectation; aiohttp's own answer is plain text."""
    try:
        await _default_expect_handler(request)
    except web.HTTPExpectationFailed:
        response = problem(request.app, BadRequest("The gateway knows no other expectation than 100-continue."))
        response.force_close()
        return response
    return None


async def _answer(request: web.Request) -> web.StreamResponse:
    if request.method == "OPTIONS" and request.path.startswith(WEBHOOKS):
        # The HTTP API has no CORS, so the route of a webhook gets the request. The local AWS answers for itself.
        response = problem(request.app, MethodNotAllowed(["POST"]))
        response.headers["Allow"] = "POST"
        return response
    codings = request.headers.get("Content-Encoding", "").lower().split(",")
    if any(coding.strip() not in ("", "identity") for coding in codings):
        return problem(request.app, UnsupportedMediaType("Send the body without Content-Encoding."))
    if (request.content_length or 0) > MAX_BODY_BYTES:
        return _too_large(request.app)
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge:
        return _too_large(request.app)
    return await _forward(request, body)


def _too_large(app: web.Application) -> web.Response:
    return problem(app, PayloadTooLarge(f"A request body may have at most {MAX_BODY_BYTES / 1_000_000} MB."))


def target_path(raw_path: str, rest_api: str, http_api: str) -> str:
    """Map a raw path (encoded, with its query) of the short base URL to its path at the local AWS."""
    api = http_api if raw_path.startswith("/webhooks/") else rest_api
    return f"/restapis/{api}/_user_request_{raw_path}"


def forwarded_headers(headers: CIMultiDictProxy[str], client: str, port: int) -> CIMultiDict[str]:
    """Return the headers that API Gateway forwards: the client is added to X-Forwarded-For, the other X-Forwarded-* replaced."""
    forwarded = _without_hop_by_hop(headers)
    chain = [*forwarded.popall("X-Forwarded-For", []), client]
    forwarded["X-Forwarded-For"] = ", ".join(chain)
    forwarded["X-Forwarded-Proto"] = "http"
    forwarded["X-Forwarded-Port"] = str(port)
    # A client that says nothing accepts everything (RFC 9110, section 12.5.1). The local gateway would send it base64.
    forwarded.setdefault("Accept", "*/*")
    return forwarded


def _without_hop_by_hop(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    connection_headers = {token.strip().lower() for value in headers.getall("Connection", []) for token in value.split(",")}
    dropped = HOP_BY_HOP | connection_headers
    return CIMultiDict((name, _readable(value)) for name, value in headers.items() if name.lower() not in dropped)


def _readable(value: str) -> str:
    """Return a header with its bytes that are no UTF-8 as Latin-1 (RFC 9110, section 5.5). aiohttp would leave them out."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode(errors="surrogateescape").decode("latin-1")
    return value


async def _client(app: web.Application) -> AsyncIterator[None]:
    session = ClientSession(
        auto_decompress=False,
        # The gateways limit time and connections.
        timeout=ClientTimeout(total=None),
        connector=TCPConnector(limit=0),
        skip_auto_headers=["User-Agent", "Accept", "Accept-Encoding", "Content-Type"],
    )
    async with session:
        app[CLIENT] = session
        yield


async def _forward(request: web.Request, body: bytes) -> web.StreamResponse:
    app = request.app
    path = target_path(request.raw_path, app[REST_API], app[HTTP_API])
    transport: Any = request.transport
    headers = forwarded_headers(request.headers, request.remote or "", transport.get_extra_info("sockname")[1])
    try:
        async with app[CLIENT].request(
            request.method,
            URL(app[AWS_ENDPOINT] + path, encoded=True),
            headers=headers,
            data=body or None,
            allow_redirects=False,
        ) as upstream:
            return await _pass_on(upstream, request)
    except ClientError:
        return problem(app, Unavailable("The local AWS is not reachable. Restart `make run`."))


async def _pass_on(upstream: ClientResponse, request: web.Request) -> web.StreamResponse:
    # The functions and the gateway responses of the template set the header. Without it, the local AWS answers for itself.
    is_ours = "X-Request-Id" in upstream.headers
    if not is_ours and upstream.status in (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND):
        return problem(request.app, NotFound("No route has this path."))
    response = web.StreamResponse(status=upstream.status, reason=upstream.reason, headers=_without_hop_by_hop(upstream.headers))
    if not is_ours:
        response.headers["X-Request-Id"] = str(uuid.uuid4())
    await response.prepare(request)
    async for chunk in upstream.content.iter_any():
        await response.write(chunk)
    await response.write_eof()
    return response


def main() -> None:
    """Serve on the loopback interface until SIGTERM."""
    parser = ArgumentParser(prog="local_stack.proxy", description="Serve the gateways of the local AWS under one short base URL.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--aws-endpoint", required=True)
    parser.add_argument("--rest-api", required=True, metavar="ID/STAGE")
    parser.add_argument("--http-api", required=True, metavar="ID/STAGE")
    options = parser.parse_args()
    app = create_app(
        base_url=options.base_url, aws_endpoint=options.aws_endpoint, rest_api=options.rest_api, http_api=options.http_api
    )
    web.run_app(app, host="127.0.0.1", port=options.port, print=None, access_log=None, **SERVER_OPTIONS)


if __name__ == "__main__":
    main()
