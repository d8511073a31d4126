from __future__ import annotations

import datetime as dt
import gc
import ipaddress
import socket
import ssl
import time
from email.utils import format_datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from outreach import guarded_http
from outreach.callbacks import endpoint
from outreach.callbacks.endpoint import Answer, Delivered, Failed, Gone
from tests.support.http_server import Reply, hang_up, reply, serving, slowly

SIGNATURE = {"webhook-id": "id", "webhook-timestamp": "1", "webhook-signature": "v1,x"}


def post(url: str, *, allow_private: bool = True) -> Answer:
    return endpoint.post(url, b'{"a": 1}', SIGNATURE, allow_private=allow_private)


def post_to(answer: Reply) -> Answer:
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
        (hang_up, Failed("ConnectionError", endpoint_fault=True)),
    ],
)
def test_each_answer_is_judged(answer: Reply, expected: Answer) -> None:
    assert post_to(answer) == expected


def test_retry_after_may_be_a_date() -> None:
    moment = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=10)
    answer = post_to(reply(503, headers={"Retry-After": format_datetime(moment, usegmt=True)}))
    assert isinstance(answer, Failed)
    assert answer.retry_after == pytest.approx(600, abs=5)


def test_the_request_is_the_callback_as_it_was_signed() -> None:
    with serving(reply(200)) as server:
        post(f"{server.url}/hook?a=b")
    (request,) = server.requests
    assert (request.method, request.path, request.body) == ("POST", "/hook?a=b", b'{"a": 1}')
    assert request.headers["content-type"] == "application/json; charset=utf-8"
    assert request.headers.items() >= SIGNATURE.items()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_failure_and_not_followed(status: int) -> None:
    with serving(reply(200)) as elsewhere:
        assert post_to(reply(status, headers={"Location": elsewhere.url})) == Failed(f"HTTP {status}", status)
    assert not elsewhere.requests


def test_the_environments_proxy_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")
    assert post_to(reply(200)) == Delivered(200)


def test_a_refused_connection_is_the_endpoints_fault() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert post(f"http://127.0.0.1:{port}") == Failed("ConnectionError", endpoint_fault=True)


@pytest.fixture
def short_limit(monkeypatch: pytest.MonkeyPatch) -> float:
    monkeypatch.setattr(guarded_http, "TOTAL_SECONDS", 0.3)
    return 0.3


@pytest.mark.parametrize("answer", [slowly(b"", b""), slowly(b"", b"H")], ids=["silent", "dripping"])
def test_an_answer_that_takes_too_long_is_cut_off(answer: Reply, short_limit: float) -> None:
    started = time.monotonic()
    failed = post_to(answer)
    assert isinstance(failed, Failed)
    assert failed.endpoint_fault
    assert time.monotonic() - started < short_limit + 2


def test_endless_headers_are_cut_off_and_the_status_counts(short_limit: float) -> None:
    started = time.monotonic()
    assert post_to(slowly(b"HTTP/1.1 200 OK\r\nX-Long: ", b"x")) == Delivered(200)
    assert time.monotonic() - started < short_limit + 2


def test_an_endless_answer_is_not_read() -> None:
    started = time.monotonic()
    assert post_to(slowly(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 10_000)) == Delivered(200)
    assert time.monotonic() - started < 2


def test_a_tls_handshake_that_takes_too_long_is_cut_off(short_limit: float) -> None:
    record_of_16_kb = b"\x16\x03\x03\x40\x00"
    with socket.create_server(("127.0.0.1", 0)) as server:
        peer = _Dripping(server, record_of_16_kb)
        started = time.monotonic()
        failed = post(f"https://127.0.0.1:{server.getsockname()[1]}")
        assert time.monotonic() - started < short_limit + 2
        peer.end()
    assert isinstance(failed, Failed)
    assert failed.endpoint_fault


@pytest.mark.filterwarnings("error::ResourceWarning")
def test_the_limit_leaves_no_socket_open() -> None:
    for answer in (reply(200), hang_up, reply(500)):
        post_to(answer)
    gc.collect()


class _Dripping:
    """Takes one connection and sends it a zero now and then."""

    def __init__(self, server: socket.socket, first: bytes) -> None:
        self._over = Event()
        self._thread = Thread(target=self._run, args=(server, first), daemon=True)
        self._thread.start()

    def _run(self, server: socket.socket, first: bytes) -> None:
        peer, _ = server.accept()
        with peer:
            peer.sendall(first)
            while not self._over.wait(0.05):
                try:
                    peer.sendall(b"\0")
                except OSError:
                    return

    def end(self) -> None:
        self._over.set()
        self._thread.join()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of 127.0.0.1, with its key, that nobody trusts yet."""
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now - dt.timedelta(1), now + dt.timedelta(1))
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = builder.add_extension(address, critical=False).sign(key, hashes.SHA256())
    formats = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path = tmp_path / "certificate.pem"
    path.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + key.private_bytes(*formats))
    return path


@pytest.mark.parametrize("trusted", [True, False])
def test_certificates_are_checked(certificate: Path, monkeypatch: pytest.MonkeyPatch, trusted: bool) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if trusted:
        monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(certificate))
    with serving(reply(200), tls=context) as server:
        assert post(server.url) == (Delivered(200) if trusted else Failed("SSLError", endpoint_fault=True))


FORBIDDEN = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "0x7f.1",
    "127.255.255.254",
    "0.0.0.0",  # noqa: S104 (to call, not to listen)
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
    """What was connected to, instead of connecting."""
    made: list[Any] = []

    def connect(address: Any, *_: Any, **__: Any) -> socket.socket:
        made.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr("urllib3.util.connection.create_connection", connect)
    return made


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", FORBIDDEN)
def test_no_connection_is_made_into_private_networks(no_connections: list[Any], scheme: str, host: str) -> None:
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
def test_what_is_no_address_is_a_failure(no_connections: list[Any], url: str) -> None:
    assert isinstance(post(url, allow_private=False), Failed)
    assert not no_connections


def test_a_name_is_resolved_once_and_its_address_kept(no_connections: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["93.184.215.14", "127.0.0.1"])

    def resolve(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    post("http://rebinding.test:8080/hook", allow_private=False)
    assert no_connections == [("93.184.215.14", 8080)]


def test_a_name_of_a_private_address_is_refused(no_connections: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer)
    assert post("http://internal.test/hook", allow_private=False) == Failed("InvalidIPAddress", endpoint_fault=True)
    assert not no_connections
