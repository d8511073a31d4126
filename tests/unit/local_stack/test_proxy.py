"""The proxy in front of a server that tells what it was asked."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientSession, web
from aiohttp.test_utils import BaseTestServer, TestServer
from local_stack.proxy import create_app, target_path
from yarl import URL

REST, HTTP = "rest1/v1", "http1/$default"


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/contact/contacts", "/restapis/rest1/v1/_user_request_/contact/contacts"),
        ("/outreach/campaigns/1:send", "/restapis/rest1/v1/_user_request_/outreach/campaigns/1:send"),
        ("/outreach/campaigns/1%3Asend/", "/restapis/rest1/v1/_user_request_/outreach/campaigns/1%3Asend/"),
        ("/x?a=1&a=2&b=%20+", "/restapis/rest1/v1/_user_request_/x?a=1&a=2&b=%20+"),
        ("/webhooks/twilio/1/status?x=1", "/restapis/http1/$default/_user_request_/webhooks/twilio/1/status?x=1"),
        ("/webhooksx", "/restapis/rest1/v1/_user_request_/webhooksx"),
        ("/", "/restapis/rest1/v1/_user_request_/"),
    ],
)
def test_a_path_goes_to_its_gateway_as_it_came(path: str, target: str) -> None:
    assert target_path(path, REST, HTTP) == target


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def _proxied(handler: Handler) -> AsyncIterator[BaseTestServer]:
    upstream = web.Application()
    upstream.router.add_route("*", "/{path:.*}", handler)
    async with TestServer(upstream) as aws:
        app = create_app(aws_endpoint=str(aws.make_url("")).rstrip("/"), rest_api=REST, http_api=HTTP)
        async with TestServer(app) as proxy:
            yield proxy


def _ask(handler: Handler, method: str, path: str, **options: Any) -> tuple[ClientResponse, bytes]:
    async def ask() -> tuple[ClientResponse, bytes]:
        async with _proxied(handler) as proxy, ClientSession(auto_decompress=False) as session:
            url = URL(f"http://127.0.0.1:{proxy.port}{path}", encoded=True)
            async with session.request(method, url, allow_redirects=False, **options) as answer:
                return answer, await answer.read()

    return asyncio.run(ask())


def test_method_path_headers_and_body_arrive_unchanged() -> None:
    seen: list[tuple[str, str, list[str], bytes]] = []

    async def record(request: web.Request) -> web.Response:
        seen.append((request.method, request.raw_path, request.headers.getall("X-Twice"), await request.read()))
        return web.Response()

    headers = [("X-Twice", "1"), ("X-Twice", "2")]
    _ask(record, "PATCH", "/a%2Fb/%3A/?q=%C3%A4&q=+", headers=headers, data=b"\x00\xff\r\n")
    assert seen == [("PATCH", "/restapis/rest1/v1/_user_request_/a%2Fb/%3A/?q=%C3%A4&q=+", ["1", "2"], b"\x00\xff\r\n")]


@pytest.mark.parametrize("status", [200, 204, 303, 404, 429, 500])
def test_status_headers_and_body_come_back_unchanged(status: int) -> None:
    body = b"" if status == 204 else b"\x1f\x8b raw"

    async def answer(request: web.Request) -> web.Response:
        response = web.Response(status=status, body=body, headers={"Location": "/x", "Content-Encoding": "gzip"})
        response.headers.add("Set-Cookie", "a=1")
        response.headers.add("Set-Cookie", "b=2")
        return response

    answered, content = _ask(answer, "GET", "/x")
    assert (answered.status, content) == (status, body)
    assert answered.headers["Location"] == "/x"
    assert answered.headers.getall("Set-Cookie") == ["a=1", "b=2"]


def _headers_seen(sent: dict[str, str]) -> dict[str, str]:
    seen: dict[str, str] = {}

    async def record(request: web.Request) -> web.Response:
        seen.update(request.headers)
        return web.Response()

    _ask(record, "GET", "/x", headers=sent)
    return seen


def test_the_client_is_added_to_the_chain_and_cannot_lie_about_the_rest() -> None:
    seen = _headers_seen({"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https", "X-Forwarded-Port": "1"})
    assert seen["X-Forwarded-For"] == "203.0.113.7, 127.0.0.1"
    assert seen["X-Forwarded-Proto"] == "http"
    assert seen["X-Forwarded-Port"] == seen["Host"].rpartition(":")[2]


def test_headers_of_one_connection_end_here() -> None:
    seen = _headers_seen({"Connection": "X-Private, close", "X-Private": "1", "TE": "trailers", "X-Public": "1"})
    assert "X-Public" in seen
    assert not {"X-Private", "TE"} & set(seen)


def test_nothing_is_invented_for_the_client() -> None:
    async def count(request: web.Request) -> web.Response:
        return web.Response(text=",".join(sorted(request.headers)))

    _, content = _ask(count, "GET", "/x", skip_auto_headers=["User-Agent", "Accept", "Accept-Encoding"])
    assert content.decode() == "Host,X-Forwarded-For,X-Forwarded-Port,X-Forwarded-Proto"


def test_requests_run_side_by_side() -> None:
    """Three requests that wait for each other can only be answered at once."""

    async def scenario() -> list[int]:
        together = asyncio.Barrier(3)

        async def meet(request: web.Request) -> web.Response:
            await together.wait()
            return web.Response()

        async def get(session: ClientSession, url: URL) -> int:
            async with session.get(url) as answer:
                return answer.status

        async with _proxied(meet) as proxy, ClientSession() as session:
            return await asyncio.wait_for(asyncio.gather(*(get(session, proxy.make_url("/x")) for _ in range(3))), 10)

    assert asyncio.run(scenario()) == [200, 200, 200]


def test_a_local_aws_that_is_gone_is_a_bad_gateway() -> None:
    async def scenario() -> int:
        # Port 9 (discard) of loopback: nobody listens there.
        app = create_app(aws_endpoint="http://127.0.0.1:9", rest_api=REST, http_api=HTTP)
        async with TestServer(app) as proxy, ClientSession() as session, session.get(proxy.make_url("/x")) as answer:
            return answer.status

    assert asyncio.run(scenario()) == 502
