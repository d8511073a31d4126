"""The short base URL: one address for what are two gateways, as a custom domain gives on AWS.

Webhooks go to the HTTP API, everything else to a stage of the REST API. Bytes, paths, queries, headers and statuses pass
unchanged, but for what RFC 9110 section 7.6.1 says belongs to one connection and the `X-Forwarded-*` that API Gateway sets.
"""

from argparse import ArgumentParser
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector, web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

HOP_BY_HOP = frozenset(
    ["connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade"]
)
AWS_ENDPOINT = web.AppKey("aws_endpoint", str)
REST_API = web.AppKey("rest_api", str)
HTTP_API = web.AppKey("http_api", str)
CLIENT = web.AppKey("client", ClientSession)


def create_app(*, aws_endpoint: str, rest_api: str, http_api: str) -> web.Application:
    """The proxy as an application.

    Parameters
    ----------
    aws_endpoint
        Where the local AWS listens, without a trailing slash.
    rest_api
        `<id>/<stage>` of the REST API.
    http_api
        `<id>/<stage>` of the HTTP API that takes the carriers' webhooks.
    """
    app = web.Application()
    app[AWS_ENDPOINT], app[REST_API], app[HTTP_API] = aws_endpoint, rest_api, http_api
    app.cleanup_ctx.append(_client)
    app.router.add_route("*", "/{path:.*}", _forward)
    return app


def target_path(raw_path: str, rest_api: str, http_api: str) -> str:
    """The path (still encoded, with its query) at the local AWS for one at the short base URL."""
    api = http_api if raw_path.startswith("/webhooks/") else rest_api
    return f"/restapis/{api}/_user_request_{raw_path}"


def forwarded_headers(headers: CIMultiDictProxy[str], client: str, port: int) -> CIMultiDict[str]:
    """The request's headers as API Gateway hands them on: it adds the client to X-Forwarded-For, and overwrites the others."""
    forwarded = _without_hop_by_hop(headers)
    chain = [*forwarded.popall("X-Forwarded-For", []), client]
    forwarded["X-Forwarded-For"] = ", ".join(chain)
    forwarded["X-Forwarded-Proto"] = "http"
    forwarded["X-Forwarded-Port"] = str(port)
    return forwarded


def _without_hop_by_hop(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    named = {token.strip().lower() for value in headers.getall("Connection", []) for token in value.split(",")}
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in HOP_BY_HOP | named)


async def _client(app: web.Application) -> AsyncIterator[None]:
    session = ClientSession(
        auto_decompress=False,
        # No time-out of its own and no limit of connections: both are the gateways' business.
        timeout=ClientTimeout(total=None),
        connector=TCPConnector(limit=0),
        skip_auto_headers=["User-Agent", "Accept", "Accept-Encoding", "Content-Type"],
    )
    async with session:
        app[CLIENT] = session
        yield


async def _forward(request: web.Request) -> web.StreamResponse:
    app = request.app
    path = target_path(request.raw_path, app[REST_API], app[HTTP_API])
    transport: Any = request.transport
    headers = forwarded_headers(request.headers, request.remote or "", transport.get_extra_info("sockname")[1])
    try:
        async with app[CLIENT].request(
            request.method,
            URL(app[AWS_ENDPOINT] + path, encoded=True),
            headers=headers,
            data=request.content if request.can_read_body else None,
            allow_redirects=False,
        ) as answer:
            response = web.StreamResponse(status=answer.status, reason=answer.reason, headers=_without_hop_by_hop(answer.headers))
            await response.prepare(request)
            async for chunk in answer.content.iter_any():
                await response.write(chunk)
            await response.write_eof()
            return response
    except ClientError:
        return web.Response(status=502, text="The local AWS does not answer.")


def main() -> None:
    """Serve on loopback until SIGTERM."""
    parser = ArgumentParser(prog="local_stack.proxy", description="One short base URL for the gateways of the local AWS")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--aws-endpoint", required=True)
    parser.add_argument("--rest-api", required=True, metavar="ID/STAGE")
    parser.add_argument("--http-api", required=True, metavar="ID/STAGE")
    options = parser.parse_args()
    app = create_app(aws_endpoint=options.aws_endpoint, rest_api=options.rest_api, http_api=options.http_api)
    web.run_app(app, host="127.0.0.1", port=options.port, print=None, access_log=None)


if __name__ == "__main__":
    main()
