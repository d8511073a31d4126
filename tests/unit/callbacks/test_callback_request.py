from __future__ import annotations

import datetime as dt
import gc
import socket
import time
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from threading import Barrier, Event, Thread
from typing import Any
from unittest.mock import Mock

import pytest
import requests

from outreach import clock, ssrf_guard, timed_http
from outreach.callbacks import callback_queue, callback_request
from outreach.callbacks.callback_request import Delivered, EndpointResponse, Failed, Gone
from tests.support.http_server import Reply, Server, hang_up, reply, serving, slowly

SITE = "10000"
SIGNATURE = {"webhook-id": "id", "webhook-timestamp": "1", "webhook-signature": "v1,x"}


def post(url: str, *, allow_private: bool = True) -> EndpointResponse:
    return callback_request.post(SITE, url, b'{"a": 1}', SIGNATURE, allow_private=allow_private)


def post_to(answer: Reply) -> EndpointResponse:
    with serving(answer) as server:
        return post(f"{server.url}/hook?a=b")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (reply(200, b"ok"), Delivered(200)),
        (reply(204), Delivered(204)),
        (reply(410), Gone()),
        (reply(400), Failed("HTTP 400", 400)),
        (reply(404), Failed("HTTP 404", 404)),
        (reply(500), Failed("HTTP 500", 500)),
        (reply(503, headers={"Retry-After": "120"}), Failed("HTTP 503", 503, 120)),
        (reply(429, headers={"Retry-After": "30"}), Failed("HTTP 429", 429, 30, endpoint_fault=True)),
        (reply(429, headers={"Retry-After": "soon"}), Failed("HTTP 429", 429, None, endpoint_fault=True)),
        (reply(503, headers={"Retry-After": "9" * 30}), Failed("HTTP 503", 503, 86_400)),
        (reply(503, headers={"Retry-After": "-1"}), Failed("HTTP 503", 503)),
        (reply(503, headers={"Retry-After": f"Fri, 31 Dec {'9' * 20} 23:59:59 GMT"}), Failed("HTTP 503", 503)),
        (hang_up, Failed(timed_http.UNANSWERED, endpoint_fault=True)),
    ],
)
def test_each_answer_is_classified(answer: Reply, expected: EndpointResponse) -> None:
    assert post_to(answer) == expected


def test_retry_after_may_be_a_date() -> None:
    moment = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=10)
    answer = post_to(reply(503, headers={"Retry-After": format_datetime(moment, usegmt=True)}))
    assert isinstance(answer, Failed)
    assert answer.retry_after == pytest.approx(600, abs=5)


def test_the_request_is_sent_as_signed() -> None:
    with serving(reply(200)) as server:
        post(f"{server.url}/hook?a=b")
    (request,) = server.requests
    assert (request.method, request.path, request.body) == ("POST", "/hook?a=b", b'{"a": 1}')
    assert request.headers["content-type"] == "application/json; charset=utf-8"
    assert request.headers.items() >= SIGNATURE.items()


def test_a_user_name_and_a_password_of_the_url_are_sent() -> None:
    with serving(reply(200)) as server:
        post(server.url.replace("://", "://us%40er:p%3Aw@"))
    assert server.requests[0].headers["authorization"] == f"Basic {b64encode(b'us@er:p:w').decode()}"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_failure_and_is_not_followed(status: int) -> None:
    with serving(reply(200)) as elsewhere:
        assert post_to(reply(status, headers={"Location": elsewhere.url})) == Failed(f"HTTP {status}", status)
    assert not elsewhere.requests


def test_proxy_variables_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")
    assert post_to(reply(200)) == Delivered(200)


def test_a_refused_connection_is_the_endpoints_fault() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert post(f"http://127.0.0.1:{port}") == Failed("the connection was refused", endpoint_fault=True)


def test_a_connection_that_is_not_made_in_time_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect_late(*_: Any, **__: Any) -> None:
        raise requests.ConnectTimeout

    monkeypatch.setattr(requests.Session, "send", connect_late)
    assert post("http://127.0.0.1:9") == Failed("Timeout", endpoint_fault=True)


@pytest.fixture
def short_limit(monkeypatch: pytest.MonkeyPatch) -> float:
    monkeypatch.setattr(ssrf_guard, "TOTAL_SECONDS", 1.0)
    return 1.0


@pytest.mark.parametrize("answer", [slowly(b"", b""), slowly(b"", b"H")], ids=["silent", "dripping"])
def test_a_slow_answer_is_cut_off(answer: Reply, short_limit: float) -> None:
    started = time.monotonic()
    assert post_to(answer) == Failed("Timeout", endpoint_fault=True)
    assert time.monotonic() - started < short_limit + 2


def test_endless_headers_are_cut_off_and_are_no_answer(short_limit: float) -> None:
    started = time.monotonic()
    assert post_to(slowly(b"HTTP/1.1 200 OK\r\nX-Long: ", b"x")) == Failed("Timeout", endpoint_fault=True)
    assert time.monotonic() - started < short_limit + 2


def test_an_endless_body_is_not_read() -> None:
    started = time.monotonic()
    assert post_to(slowly(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 10_000)) == Delivered(200)
    assert time.monotonic() - started < 2


def test_a_slow_tls_handshake_is_cut_off(short_limit: float) -> None:
    record_of_16_kb = b"\x16\x03\x03\x40\x00"
    with socket.create_server(("127.0.0.1", 0)) as server:
        peer = _Dripping(server, record_of_16_kb)
        started = time.monotonic()
        failed = post(f"https://127.0.0.1:{server.getsockname()[1]}")
        assert time.monotonic() - started < short_limit + 2
        peer.stop()
    assert isinstance(failed, Failed)
    assert failed.endpoint_fault


@pytest.mark.filterwarnings("error::ResourceWarning")
def test_the_limit_leaves_no_socket_open() -> None:
    for answer in (reply(200), hang_up, reply(500)):
        post_to(answer)
    gc.collect()


class _Dripping:
    """A server that accepts one connection and slowly sends zero bytes."""

    def __init__(self, server: socket.socket, first: bytes) -> None:
        self._stopped = Event()
        self._thread = Thread(target=self._run, args=(server, first), daemon=True)
        self._thread.start()

    def _run(self, server: socket.socket, first: bytes) -> None:
        peer, _ = server.accept()
        with peer:
            peer.sendall(first)
            while not self._stopped.wait(0.05):
                try:
                    peer.sendall(b"\0")
                except OSError:
                    return

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()


FORBIDDEN = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "0x7f.1",
    "127.255.255.254",
    "0.0.0.0",  # noqa: S104 (to connect to, not to listen on)
    "0",
    "localhost",
    "LOCALHOST.",
    "localhost.localdomain",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "2852039166",
    "0251.0376.0251.0376",
    "169.254.170.2",
    "192.0.0.192",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:a9fe:a9fe]",
    "[0:0:0:0:0:ffff:7f00:1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::169.254.169.254]",
    "[2002:7f00:1::]",
    "[2001::1]",
    "[::127.0.0.1]",
    "[::ffff:0:127.0.0.1]",
    "[fec0::1]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[fe80::1%25lo]",
    "[ff02::1]",
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
    "user:password@127.0.0.1",
    "example.com@127.0.0.1",
]


@pytest.fixture
def no_connections(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The addresses to which a connection was attempted; none is made."""
    addresses: list[Any] = []

    def connect(address: Any, *_: Any, **__: Any) -> socket.socket:
        addresses.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr("urllib3.util.connection.create_connection", connect)
    return addresses


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", FORBIDDEN)
def test_private_networks_are_never_connected_to(no_connections: list[Any], scheme: str, host: str) -> None:
    failed = post(f"{scheme}://{host}/hook", allow_private=False)
    assert isinstance(failed, Failed)
    assert failed.endpoint_fault
    assert not no_connections


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/hook",
        "ftp://a.test/",
        "file:///etc/passwd",
        "gopher://a.test/",
        "http://",
        "http:///hook",
        "http://[",
        f"http://{'a' * 64}.test/",
    ],
)
def test_an_invalid_url_is_a_failure(no_connections: list[Any], url: str) -> None:
    assert post(url, allow_private=False) == Failed("the URL is not valid", endpoint_fault=True)
    assert not no_connections


@pytest.mark.parametrize("allow_private", [False, True])
def test_a_host_that_does_not_exist_is_named_as_the_reason(allow_private: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", Mock(side_effect=socket.gaierror))
    failed = post("https://typo.test/hook", allow_private=allow_private)
    assert failed == Failed("the host name cannot be resolved", endpoint_fault=True)


def test_an_unreachable_host_is_named_as_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", Mock(side_effect=OSError("Network is unreachable")))
    assert post("http://127.0.0.1:9/hook") == Failed("the host cannot be reached", endpoint_fault=True)


@pytest.mark.parametrize("answer", [b"HELLO\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n"])
def test_an_answer_that_is_not_http_is_none(answer: bytes) -> None:
    def write(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(answer)

    assert post_to(write) == Failed(timed_http.UNANSWERED, endpoint_fault=True)


@pytest.mark.parametrize("host", ["a..b", ".test", "☃.test"])
@pytest.mark.parametrize("allow_private", [False, True])
def test_a_host_that_is_no_name_is_a_failure(host: str, allow_private: bool) -> None:
    assert isinstance(post(f"http://{host}/hook", allow_private=allow_private), Failed)


def test_a_host_name_is_resolved_only_once(no_connections: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["93.184.215.14", "127.0.0.1"])

    def resolve(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    post("http://rebinding.test:8080/hook", allow_private=False)
    assert no_connections == [("93.184.215.14", 8080)]


def test_a_host_name_with_a_private_address_is_refused(no_connections: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer)
    assert post("http://internal.test/hook", allow_private=False) == Failed("the address is not public", endpoint_fault=True)
    assert not no_connections


def post_twice(server: Server, site_id: str = SITE) -> list[EndpointResponse]:
    return [callback_request.post(site_id, server.url + path, b"{}", {}, allow_private=True) for path in ("/a", "/b")]


def test_a_connection_is_kept_for_further_callbacks_of_a_site_within_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    monkeypatch.setattr(clock, "now", lambda: start)
    with serving(reply(200, b"ok"), keeps_connections=True) as server:
        assert post_twice(server) == [Delivered(200)] * 2
        post_twice(server)
        assert server.connections == 1
        post_twice(server, "another")
        assert server.connections == 2
        monkeypatch.setattr(clock, "now", lambda: start + dt.timedelta(minutes=1))
        post_twice(server)
        assert server.connections == 3


def test_the_connections_of_all_callbacks_of_a_queue_message_are_kept() -> None:
    all_at_once, count = Barrier(callback_queue.JOBS_PER_MESSAGE), callback_queue.JOBS_PER_MESSAGE

    def wait_for_all(handler: BaseHTTPRequestHandler) -> None:
        all_at_once.wait(10)
        reply(200)(handler)

    with serving(wait_for_all, keeps_connections=True) as server, ThreadPoolExecutor(count) as pool:
        for _ in range(2):
            assert list(pool.map(post, [server.url] * count)) == [Delivered(200)] * count
        assert server.connections == count


@pytest.mark.parametrize("body", [b"x" * 20_000, b"x" * 2_000_000])
def test_a_connection_with_a_large_answer_is_not_kept(body: bytes) -> None:
    with serving(reply(200, body), keeps_connections=True) as server:
        assert post_twice(server) == [Delivered(200)] * 2
        assert server.connections == 2


def test_an_answer_that_never_ends_is_still_an_answer() -> None:
    endless = slowly(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n")
    with serving(endless, keeps_connections=True) as server:
        started = time.monotonic()
        assert post(server.url) == Delivered(200)
        assert time.monotonic() - started < ssrf_guard.TOTAL_SECONDS / 3


def test_a_kept_connection_that_the_endpoint_has_closed_is_no_fault() -> None:
    with serving(reply(200), hang_up, reply(200), keeps_connections=True) as server:
        assert post_twice(server) == [Delivered(200)] * 2
    assert [request.path for request in server.requests] == ["/a", "/b", "/b"]


def test_an_endpoint_that_closes_every_connection_is_at_fault() -> None:
    with serving(reply(200), hang_up, keeps_connections=True) as server:
        assert post_twice(server)[1] == Failed(timed_http.UNANSWERED, endpoint_fault=True)
    assert len(server.requests) == 3


def test_a_cookie_of_an_endpoint_is_not_sent_back() -> None:
    with serving(reply(200, headers={"Set-Cookie": "a=b"}), keeps_connections=True) as server:
        post_twice(server)
    assert ["cookie" in request.headers for request in server.requests] == [False, False]
