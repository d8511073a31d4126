"""A real HTTP server on the loopback interface that records what it is asked and answers as it is told."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Reply = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True)
class Request:
    """Header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Server:
    """A running server and what it was asked."""

    url: str
    requests: list[Request] = field(default_factory=list)


@contextmanager
def serving(*replies: Reply, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Serve on a free port; the n-th request gets the n-th reply, those after the last one the last."""

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.received = Request(self.command, self.path, headers, body)
            server.requests.append(self.received)
            replies[min(len(server.requests), len(replies)) - 1](self)

        do_GET = do_POST = do_PUT = handle_any  # noqa: N815 (the names are http.server's)

        def log_message(self, *_: object) -> None:
            """Be silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        if tls:
            httpd.socket = tls.wrap_socket(httpd.socket, server_side=True)
        httpd.daemon_threads = True
        server = Server(f"{'https' if tls else 'http'}://127.0.0.1:{httpd.server_port}")
        threading.Thread(target=httpd.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield server
        finally:
            httpd.shutdown()


def reply(status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Reply:
    """An ordinary answer."""

    def write(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | dict(headers or {})).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return write


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    """Take the request and break the connection without an answer."""
    handler.close_connection = True


def slowly(first: bytes, drip: bytes) -> Reply:
    """Send ``first`` and then ``drip``, again and again, until nobody is there any more."""

    def write(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(first)
        pause = threading.Event()
        while not pause.wait(0.05):
            try:
                handler.wfile.write(drip)
            except OSError:
                return

    return write
