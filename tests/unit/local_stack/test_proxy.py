"""Runs the proxy in front of a server that records its requests."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from aiohttp import ClientResponse, ClientSession, web
from aiohttp.test_utils import BaseTestServer, TestServer
from local_stack import proxy
from local_stack.proxy import SERVER_OPTIONS, BadRequest, create_app, target_path
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from outreach.http.request import MAX_BODY_BYTES
from tests.support.gateway import gateway_problem

T = TypeVar("T")

REST, HTTP = "rest1/v1", "http1/$default"
BASE_URL = "http://127.0.0.1:3000"
PROBLEM = "application/problem+json"


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
def test_a_path_is_forwarded_unchanged_to_its_gateway(path: str, target: str) -> None:
    assert target_path(path, REST, HTTP) == target


BODY = b"x" * MAX_BODY_BYTES

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def _proxied(handler: Handler) -> AsyncIterator[BaseTestServer]:
    upstream = web.Application(client_max_size=2 * MAX_BODY_BYTES)
    upstream.router.add_route("*", "/{path:.*}", handler)
    async with TestServer(upstream) as aws:
        app = create_app(base_url=BASE_URL, aws_endpoint=str(aws.make_url("")).rstrip("/"), rest_api=REST, http_api=HTTP)
        server = TestServer(app)
        await server.start_server(**SERVER_OPTIONS)
        try:
            yield server
        finally:
            await server.close()


def _run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a thread of its own, because the browser of other tests may keep this one's event loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


def _send(handler: Handler, method: str, path: str, **options: Any) -> tuple[ClientResponse, bytes]:
    async def send() -> tuple[ClientResponse, bytes]:
        async with _proxied(handler) as server, ClientSession(auto_decompress=False) as session:
            url = URL(f"http://127.0.0.1:{server.port}{path}", encoded=True)
            async with session.request(method, url, allow_redirects=False, **options) as response:
                return response, await response.read()

    return _run(send())


def test_method_path_headers_and_body_are_forwarded_unchanged() -> None:
    seen: list[tuple[str, str, list[str], bytes]] = []

    async def record(request: web.Request) -> web.Response:
        seen.append((request.method, request.raw_path, request.headers.getall("X-Twice"), await request.read()))
        return web.Response()

    headers = [("X-Twice", "1"), ("X-Twice", "2")]
    _send(record, "PATCH", "/a%2Fb/%3A/?q=%C3%A4&q=+", headers=headers, data=b"\x00\xff\r\n")
    assert seen == [("PATCH", "/restapis/rest1/v1/_user_request_/a%2Fb/%3A/?q=%C3%A4&q=+", ["1", "2"], b"\x00\xff\r\n")]


@pytest.mark.parametrize("status", [200, 204, 303, 404, 429, 500])
def test_status_headers_and_body_are_returned_unchanged(status: int) -> None:
    body = b"" if status == 204 else b"\x1f\x8b raw"

    async def respond(request: web.Request) -> web.Response:
        headers = {"Location": "/x", "Content-Encoding": "gzip", "X-Request-Id": "theirs"}
        response = web.Response(status=status, body=body, headers=headers)
        response.headers.add("Set-Cookie", "a=1")
        response.headers.add("Set-Cookie", "b=2")
        return response

    response, content = _send(respond, "GET", "/x")
    assert (response.status, content) == (status, body)
    assert (response.headers["Location"], response.headers["X-Request-Id"]) == ("/x", "theirs")
    assert response.headers.getall("Set-Cookie") == ["a=1", "b=2"]


def _forwarded_headers(headers: dict[str, str]) -> dict[str, str]:
    seen: dict[str, str] = {}

    async def record(request: web.Request) -> web.Response:
        seen.update(request.headers)
        return web.Response()

    _send(record, "GET", "/x", headers=headers)
    return seen


def test_the_proxy_adds_the_client_and_overwrites_other_forwarded_headers() -> None:
    seen = _forwarded_headers({"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https", "X-Forwarded-Port": "1"})
    assert seen["X-Forwarded-For"] == "203.0.113.7, 127.0.0.1"
    assert seen["X-Forwarded-Proto"] == "http"
    assert seen["X-Forwarded-Port"] == seen["Host"].rpartition(":")[2]


def test_no_byte_of_a_header_is_left_out() -> None:
    sent = {"X-Utf8": "Zo\u00eb", "X-Latin": b"Zo\xeb".decode(errors="surrogateescape")}
    forwarded = proxy.forwarded_headers(CIMultiDictProxy(CIMultiDict(sent)), "127.0.0.1", 1)
    assert (forwarded["X-Utf8"], forwarded["X-Latin"]) == ("Zo\u00eb", "Zo\u00eb")


async def _never(_: web.Request) -> web.Response:
    raise AssertionError("the request must not be forwarded")


def test_an_unknown_expectation_is_400() -> None:
    response, body = _send(_never, "POST", "/x", headers={"Expect": "something-else"}, data=b"{}")
    assert (response.status, json.loads(body)["code"], response.content_type) == (400, "bad_request", PROBLEM)


def test_a_webhook_has_no_method_options() -> None:
    response, body = _send(_never, "OPTIONS", "/webhooks/twilio/1?x=1")
    assert (response.status, response.headers["Allow"], response.content_type) == (405, "POST", PROBLEM)
    assert json.loads(body)["code"] == "method_not_allowed"


def test_connection_headers_are_not_forwarded() -> None:
    seen = _forwarded_headers({"Connection": "X-Private, close", "X-Private": "1", "TE": "trailers", "X-Public": "1"})
    assert "X-Public" in seen
    assert not {"X-Private", "TE"} & set(seen)


def test_the_proxy_adds_only_forwarded_headers_and_that_everything_is_accepted() -> None:
    async def count(request: web.Request) -> web.Response:
        return web.Response(text=",".join(sorted(request.headers)))

    _, content = _send(count, "GET", "/x", skip_auto_headers=["User-Agent", "Accept", "Accept-Encoding"])
    assert content.decode() == "Accept,Host,X-Forwarded-For,X-Forwarded-Port,X-Forwarded-Proto"


@pytest.mark.parametrize(("headers", "seen"), [({"Accept": "text/csv"}, "text/csv"), ({"accept": ""}, "")])
def test_what_the_client_accepts_is_forwarded(headers: dict[str, str], seen: str) -> None:
    assert _forwarded_headers(headers)["Accept"] == seen


async def _accept(request: web.Request) -> web.Response:
    return web.Response(text=str(len(await request.read())), headers={"X-Request-Id": "theirs"})


async def _in_chunks(size: int) -> AsyncIterator[bytes]:
    for start in range(0, size, 100_000):
        yield b"x" * min(100_000, size - start)


def _assert_problem(response: ClientResponse, content: bytes, status: int, code: str) -> None:
    members = json.loads(content)
    assert (response.status, members["status"], members["code"]) == (status, status, code)
    assert members["type"] == f"{BASE_URL}/docs/errors#{code}"
    assert response.headers["Content-Type"].startswith("application/problem+json")
    assert members["instance"] == response.headers["X-Request-Id"]
    assert uuid.UUID(members["instance"])
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_a_body_of_4_5_mb_is_forwarded() -> None:
    assert _send(_accept, "POST", "/x", data=BODY)[1] == str(len(BODY)).encode()


@pytest.mark.parametrize("path", ["/contact/contacts", "/webhooks/twilio/1"])
def test_a_larger_body_is_413(path: str) -> None:
    _assert_problem(*_send(_accept, "POST", path, data=BODY + b"x"), 413, "payload_too_large")
    _assert_problem(*_send(_accept, "POST", path, data=_in_chunks(MAX_BODY_BYTES + 1)), 413, "payload_too_large")


@pytest.mark.parametrize("coding", ["gzip", "BR", "identity, deflate"])
def test_a_content_encoding_other_than_identity_is_415(coding: str) -> None:
    answer = _send(_accept, "POST", "/x", data=b"x", headers={"Content-Encoding": coding})
    _assert_problem(*answer, 415, "unsupported_media_type")


def test_the_content_encoding_identity_is_forwarded() -> None:
    assert _send(_accept, "POST", "/x", data=b"x", headers={"Content-Encoding": "Identity"})[0].status == 200


@pytest.mark.parametrize("status", [403, 404])
def test_a_path_that_the_local_aws_does_not_know_is_404(status: int) -> None:
    async def refuse(request: web.Request) -> web.Response:
        return web.json_response({"message": "Missing Authentication Token"}, status=status)

    _assert_problem(*_send(refuse, "GET", "/%zz//"), 404, "not_found")


@pytest.mark.parametrize("method", ["FOO", "get"])
def test_a_request_that_cannot_be_parsed_is_400(method: str) -> None:
    async def send() -> bytes:
        async with _proxied(_accept) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(f"{method} /contact/contacts HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            answer = await reader.read()
            writer.close()
            return answer

    head, _, body = _run(send()).partition(b"\r\n\r\n")
    assert b" 400 " in head.splitlines()[0]
    assert b"application/problem+json" in head
    assert json.loads(body)["code"] == "bad_request"


def test_a_path_without_a_route_is_404() -> None:
    _assert_problem(*_send(_accept, "CONNECT", "/x"), 404, "not_found")


def test_a_bad_request_is_that_of_the_gateway() -> None:
    gateway = gateway_problem("DEFAULT_4XX")
    assert (BadRequest.code, BadRequest.status, BadRequest.title) == (gateway["code"], gateway["status"], gateway["title"])


def test_every_response_has_a_request_id() -> None:
    async def fail(request: web.Request) -> web.Response:
        return web.Response(status=500, text="broken")

    response, content = _send(fail, "GET", "/x")
    assert (response.status, content) == (500, b"broken")
    assert uuid.UUID(response.headers["X-Request-Id"])


@pytest.mark.parametrize(("routes", "status", "location"), [([["GET", "/console"]], 302, "/console"), ([], 200, None)])
def test_the_root_leads_to_the_console_where_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, routes: list[Any], status: int, location: str | None
) -> None:
    file = tmp_path / "routes.json"
    file.write_text(json.dumps(routes))
    monkeypatch.setattr(proxy, "ROUTES", file)
    response, _ = _send(_accept, "GET", "/")
    assert (response.status, response.headers.get("Location")) == (status, location)
    assert response.headers["X-Request-Id"]


def test_requests_run_concurrently() -> None:
    """Three requests that wait for each other succeed only when they run at the same time."""

    async def scenario() -> list[int]:
        barrier = asyncio.Barrier(3)

        async def meet(request: web.Request) -> web.Response:
            await barrier.wait()
            return web.Response()

        async def get(session: ClientSession, url: URL) -> int:
            async with session.get(url) as answer:
                return answer.status

        async with _proxied(meet) as proxy, ClientSession() as session:
            return await asyncio.wait_for(asyncio.gather(*(get(session, proxy.make_url("/x")) for _ in range(3))), 10)

    assert _run(scenario()) == [200, 200, 200]


def test_an_unreachable_local_aws_is_a_503() -> None:
    async def scenario() -> tuple[int, Any]:
        # Nothing listens on port 9 (discard).
        app = create_app(base_url=BASE_URL, aws_endpoint="http://127.0.0.1:9", rest_api=REST, http_api=HTTP)
        async with TestServer(app) as proxy, ClientSession() as session, session.get(proxy.make_url("/x")) as answer:
            return answer.status, json.loads(await answer.read())["code"]

    assert _run(scenario()) == (503, "unavailable")
