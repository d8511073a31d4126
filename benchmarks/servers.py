"""Serves the simulated services over TLS on the loopback interface, so that HTTP, TLS and sockets take what they take.

Every host name leads to one server with a certificate of an authority of its own. The product's clients trust that authority
beside the usual ones, whose number decides what parsing them takes. DNS is not asked: each host has a public address, which the
guard of customers' URLs accepts.
"""

from __future__ import annotations

import os
import socket
import ssl
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest.mock import patch

import certifi
from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders
from requests import adapters

from benchmarks.local_aws.server import Answer
from outreach import timed_http
from tests.support.certificates import make_authority

Respond = Callable[[AWSPreparedRequest], Answer]

# What the guard finds for every host. Nothing is ever sent there.
PUBLIC_ADDRESS = "93.184.215.14"
_HOSTS = ("*.us-east-1.amazonaws.com", "*.s3.us-east-1.amazonaws.com", "api.twilio.com", "hooks.customer.example")
# What a customer's endpoint answers.
_ACCEPTED: Answer = (200, {"Content-Type": "application/json"}, b'{"received": true}')


@dataclass
class Servers:
    """The running servers.

    Attributes:
        connections: how many connections were made to each host.
        received: the bytes of the requests that each host has received, without those of TLS.
    """

    connections: Counter[str] = field(default_factory=Counter)
    received: Counter[str] = field(default_factory=Counter)

    def clear(self) -> None:
        """Begin to count anew."""
        self.connections.clear()
        self.received.clear()


@contextmanager
def serving(services: Mapping[str, Respond]) -> Iterator[Servers]:
    """Serve over TLS inside.

    Args:
        services: how to answer the hosts of a domain; a customer's endpoint answers all others.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        authority = make_authority(folder)
        bundle = folder / "authorities.pem"
        bundle.write_bytes(Path(certifi.where()).read_bytes() + authority.certificate)
        servers = Servers()
        server = stack.enter_context(_Server(servers, authority.server(*_HOSTS), services))
        threading.Thread(target=server.serve_forever, args=(0.5,), daemon=True).start()
        stack.callback(server.shutdown)
        stack.enter_context(patch.dict(os.environ, {"AWS_CA_BUNDLE": str(bundle)}))
        stack.enter_context(patch.object(adapters, "DEFAULT_CA_BUNDLE_PATH", str(bundle)))
        stack.enter_context(_redirected(server.server_port))
        timed_http.tls_context.cache_clear()
        stack.callback(timed_http.tls_context.cache_clear)
        yield servers


@contextmanager
def _redirected(port: int) -> Iterator[None]:
    """Let every connection lead to the server, and every host have a public address."""

    def connect(*_: Any, **__: Any) -> socket.socket:
        connected = socket.create_connection(("127.0.0.1", port))
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connected

    def resolve(_: str, port: int, *__: Any, **___: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (PUBLIC_ADDRESS, port))]

    resolver = type("Resolver", (), {**vars(socket), "getaddrinfo": staticmethod(resolve)})
    with patch("urllib3.util.connection.create_connection", connect), patch("requests_hardened.ip_filter.socket", resolver):
        yield


class _Handler(BaseHTTPRequestHandler):
    """Answers the requests of one connection, in a thread of its own."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        self.is_new = True
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def respond(self) -> None:
        host = self.headers["Host"]
        headers = HTTPHeaders.from_dict(dict(self.headers))
        body = self._body()
        request = AWSPreparedRequest(self.command, f"https://{host}{self.path}", headers, body, stream_output=False)
        self.server.counts.connections[host] += self.is_new
        self.is_new = False
        self.server.counts.received[host] += len(self.requestline) + len(str(self.headers)) + len(body)
        status, answered, content = self.server.service(host)(request)
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(content))} | answered).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_HEAD = respond  # noqa: N815 (the names are http.server's)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while length := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(length))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def log_message(self, *_: object) -> None:
        """Write no access log."""


class _Server(ThreadingHTTPServer):
    """A server on a free port."""

    daemon_threads = True

    def __init__(self, counts: Servers, context: ssl.SSLContext, services: Mapping[str, Respond]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.counts, self.context, self.services = counts, context, services

    def service(self, host: str) -> Respond:
        """How to answer a host."""
        return next((respond for domain, respond in self.services.items() if host.endswith(domain)), lambda _: _ACCEPTED)
