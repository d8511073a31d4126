"""Requests to carriers and customers: TLS with one context for the process, interim answers, and where answers redirect to."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from outreach import timed_http
from outreach.callbacks import callback_request
from outreach.callbacks.callback_request import Delivered, EndpointResponse, Failed
from outreach.carriers import carrier_http
from outreach.carriers.carrier_http import CarrierResponse
from outreach.carriers.outcomes import RetryLater, Unknown
from tests.support.certificates import Authority, make_authority
from tests.support.http_server import Reply, hang_up, reply, serving


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The only authorities that our requests trust."""
    path = tmp_path / "bundle.pem"
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(path))
    timed_http.tls_context.cache_clear()
    carrier_http._session.cache_clear()
    yield path
    timed_http.tls_context.cache_clear()
    carrier_http._session.cache_clear()


@pytest.fixture
def authority(bundle: Path, tmp_path: Path) -> Authority:
    """An authority that our requests trust."""
    authority = make_authority(tmp_path)
    bundle.write_bytes(authority.certificate)
    return authority


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files of authorities that were parsed."""
    files: list[str] = []

    load = ssl.SSLContext.load_verify_locations

    def counted(context: ssl.SSLContext, *arguments: Any, **options: Any) -> None:
        files.append(str(options or arguments))
        load(context, *arguments, **options)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", counted)
    return files


def call(url: str) -> object:
    return carrier_http.call("POST", url, data=b"{}")


def post(url: str) -> EndpointResponse:
    return callback_request.post("10000", url, b"{}", {}, allow_private=True)


def reason_of(response: EndpointResponse) -> str:
    assert isinstance(response, Failed)
    assert response.endpoint_fault
    return response.reason


@pytest.mark.parametrize(("send", "agent"), [(call, "Outreach"), (post, "Outreach-Callbacks")])
def test_a_request_has_our_headers_and_neither_those_of_requests_nor_cookies(send: Any, agent: str) -> None:
    with serving(reply(200, headers={"Set-Cookie": "a=b"})) as server:
        send(server.url)
        send(server.url)
    assert [request.headers["user-agent"].split("/")[0] for request in server.requests] == [agent] * 2
    assert not any("cookie" in request.headers or "gzip" in request.headers["accept-encoding"] for request in server.requests)


def test_authorities_are_parsed_once_for_all_requests_of_all_threads(authority: Authority, loads: list[str]) -> None:
    with serving(reply(200), tls=authority.server("127.0.0.1")) as server, ThreadPoolExecutor(10) as pool:
        assert list(pool.map(post, [server.url] * 10)) == [Delivered(200)] * 10
        assert all(isinstance(answer, CarrierResponse) for answer in pool.map(call, [server.url] * 10))
        post(server.url)
    assert len(loads) == 1


def test_requests_leave_the_checks_of_the_shared_context_on(authority: Authority) -> None:
    with serving(reply(200), tls=authority.server("127.0.0.1")) as server:
        post(server.url)
        call(server.url)
    context = timed_http.tls_context()
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)


@pytest.mark.parametrize("host", ["127.0.0.2", "localhost"])
def test_a_certificate_for_another_host_is_refused(authority: Authority, host: str) -> None:
    with serving(reply(200), tls=authority.server(host)) as server:
        assert "the certificate is not valid: " in reason_of(post(server.url))
        assert call(server.url) == RetryLater(carrier_http.UNREACHABLE_SECONDS, "SSLError")
    assert not server.requests


def test_an_unknown_authority_is_refused(authority: Authority, tmp_path: Path) -> None:
    with serving(reply(200), tls=make_authority(tmp_path).server("127.0.0.1")) as server:
        assert "the certificate is not valid: " in reason_of(post(server.url))
        assert call(server.url) == RetryLater(carrier_http.UNREACHABLE_SECONDS, "SSLError")


@pytest.mark.parametrize(("certified", "reason"), [("hooks.test", ""), ("other.test", "'hooks.test'")])
def test_the_guard_checks_the_host_of_the_url_and_not_its_address(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, certified: str, reason: str
) -> None:
    with serving(reply(200), tls=authority.server(certified, "127.0.0.1")) as server:
        port = server.url.rpartition(":")[2]
        # The guard takes the server for one with a public address.
        monkeypatch.setattr("requests_hardened.ip_filter_adapter.filter_host", lambda *_, **__: "127.0.0.1")
        answer = callback_request.post("10000", f"https://hooks.test:{port}/hook", b"{}", {}, allow_private=False)
    assert reason in reason_of(answer) if reason else answer == Delivered(200)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ssl.SSLError("alert handshake failure"), "the TLS handshake failed"),
        (ssl.SSLEOFError(), "the TLS handshake failed"),
        (ConnectionResetError(), "the TLS handshake failed"),
        (TimeoutError(), "Timeout"),
    ],
)
def test_a_request_whose_handshake_fails_was_never_sent(error: OSError, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", Mock(side_effect=error))
    with serving(reply(200)) as server:
        url = server.url.replace("http:", "https:")
        assert isinstance(call(url), RetryLater)
        assert post(url) == Failed(reason, endpoint_fault=True)


def interim(*statuses: int) -> Reply:
    """A reply that comes after interim ones."""

    def write(handler: BaseHTTPRequestHandler) -> None:
        for status in statuses:
            handler.wfile.write(f"HTTP/1.1 {status} Interim\r\nLink: </a>\r\n\r\n".encode())
        reply(201, b'{"sid": "SM1"}')(handler)

    return write


@pytest.mark.parametrize("statuses", [(100,), (102, 102), (103,), (103, 100, 103)])
def test_interim_answers_are_skipped(statuses: tuple[int, ...]) -> None:
    with serving(interim(*statuses)) as server:
        assert post(server.url) == Delivered(201)
        answer = call(server.url)
    assert isinstance(answer, CarrierResponse)
    assert (answer.status, answer.body) == (201, {"sid": "SM1"})


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"


@pytest.mark.parametrize("end", range(0, len(HEAD) + 1, 4))
def test_an_answer_that_is_cut_off_within_its_head_is_none(end: int) -> None:
    def cut_off(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(HEAD[:end])
        handler.close_connection = True

    with serving(cut_off) as server:
        assert post(server.url) == Failed(timed_http.UNANSWERED, endpoint_fault=True)
        assert call(server.url) == Unknown("ConnectionError")


@pytest.mark.parametrize("location", ["http://[", "/\xff", "http://a:99999/", ""])
def test_where_an_answer_redirects_to_is_not_read(location: str) -> None:
    with serving(reply(302, headers={"Location": location})) as server:
        assert post(server.url) == Failed("HTTP 302", 302)
        answer = call(server.url)
    assert isinstance(answer, CarrierResponse)
    assert answer.status == 302


def test_a_kept_tls_connection_that_the_endpoint_has_closed_is_replaced(authority: Authority) -> None:
    answers = (reply(200), hang_up, reply(200))
    with serving(*answers, keeps_connections=True, tls=authority.server("127.0.0.1")) as server:
        assert [post(server.url), post(server.url)] == [Delivered(200)] * 2


def _ends_after(sock: socket.socket) -> float:
    """Wait until a socket is shut down; return the seconds that it took."""
    started = time.monotonic()
    sock.settimeout(10)
    sock.recv(1)
    return time.monotonic() - started


def test_each_of_many_requests_is_cut_off_in_its_own_time() -> None:
    watchdog, pairs = timed_http._Watchdog(), [socket.socketpair() for _ in range(20)]
    limits = [0.6 - 0.02 * number for number in range(20)]  # each before those that are watched already
    with ThreadPoolExecutor(len(pairs)) as pool:
        ended = [pool.submit(_ends_after, sock) for sock, _ in pairs]
        for (sock, _), seconds in zip(pairs, limits, strict=True):
            watchdog.watch(timed_http._Deadline(sock), seconds)
        for future, seconds in zip(ended, limits, strict=True):
            assert seconds - 0.1 < future.result() < seconds + 2


def test_a_request_that_ended_in_time_is_not_cut_off() -> None:
    watchdog, (kept, other), (late, _) = timed_http._Watchdog(), socket.socketpair(), socket.socketpair()
    deadline = timed_http._Deadline(kept)
    watchdog.watch(deadline, 0.05)
    watchdog.forget(deadline)
    watchdog.watch(timed_http._Deadline(late), 0.1)
    _ends_after(late)
    kept.send(b"x")
    assert other.recv(1) == b"x"


def test_a_request_starts_no_thread_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(reply(200)) as server:
        call(server.url)
        monkeypatch.setattr(threading.Timer, "start", Mock(side_effect=AssertionError))
        assert isinstance(call(server.url), CarrierResponse)
