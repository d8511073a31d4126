"""An HTTP server on the loopback interface that records its requests and sends prepared replies."""

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
    """A request that the server received; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Server:
    """A running server, the number of connections that it accepted, and the requests that it received."""

    url: str
    connections: int = 0
    requests: list[Request] = field(default_factory=list)


@contextmanager
def serving(*replies: Reply, tls: ssl.SSLContext | None = None, keeps_connections: bool = False) -> Iterator[Server]:
    """Serve on a free port: the n-th request gets the n-th reply, and later requests get the last reply."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1" if keeps_connections else "HTTP/1.0"
        # A reply is written in two parts; the second one would wait for the acknowledgement of the first one.
        disable_nagle_algorithm = True

        def setup(self) -> None:
            server.connections += 1
            super().setup()

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.received = Request(self.command, self.path, headers, body)
            server.requests.append(self.received)
            replies[min(len(server.requests), len(replies)) - 1](self)

        do_GET = do_POST = do_PUT = handle_any  # noqa: N815 (the names are http.server's)

        def log_message(self, *_: object) -> None:
            """Write no access log."""

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
    """A reply with a status, a body and headers."""

    def write(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | dict(headers or {})).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return write


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    """Close the connection without a response."""
    handler.close_connection = True


def slowly(first: bytes, drip: bytes) -> Reply:
    """A reply that sends ``first`` and then ``drip`` every 50 ms until the client disconnects."""

    def write(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(first)
        pause = threading.Event()
        while not pause.wait(0.05):
            try:
                handler.wfile.write(drip)
            except OSError:
                return

    return write
