"""A webhook endpoint that stores the received webhooks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Hook:
    """A received webhook. Header names are lower case."""

    url: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Responds with ``statuses`` in turn, then with 200; the body is always ``response_body``."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    response_body: bytes = b"<Response/>"
    hooks: list[Hook] = field(default_factory=list)
    _arrived: threading.Condition = field(default_factory=threading.Condition)

    def receive(self, hook: Hook) -> int:
        """Store a webhook and return the status of the response."""
        with self._arrived:
            self.hooks.append(hook)
            self._arrived.notify_all()
            return self.statuses.pop(0) if self.statuses else 200

    def wait_for(self, count: int, timeout: float = 5) -> list[Hook]:
        """Wait for ``count`` webhooks and return all received ones."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.hooks) >= count, timeout), f"{len(self.hooks)} of {count} arrived"
            return list(self.hooks)


@contextmanager
def serve_receiver() -> Iterator[Receiver]:
    """Serve a receiver on a free port."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(receiver.receive(Hook(receiver.url + self.path, headers, body)))
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(receiver.response_body)))
            self.end_headers()
            self.wfile.write(receiver.response_body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
