"""A customer's webhook endpoint that keeps what it receives."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Hook:
    """One webhook as it arrived; header names are lower case."""

    url: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Answers with ``statuses`` in turn, then 200 with ``answer``."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    answer: bytes = b"<Response/>"
    hooks: list[Hook] = field(default_factory=list)
    _arrived: threading.Condition = field(default_factory=threading.Condition)

    def take(self, hook: Hook) -> int:
        """Keep a webhook; the status to answer."""
        with self._arrived:
            self.hooks.append(hook)
            self._arrived.notify_all()
            return self.statuses.pop(0) if self.statuses else 200

    def wait_for(self, count: int, timeout: float = 5) -> list[Hook]:
        """The webhooks, once ``count`` of them have arrived."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.hooks) >= count, timeout), f"{len(self.hooks)} of {count} arrived"
            return list(self.hooks)


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Serve a receiver on a free port."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(receiver.take(Hook(receiver.url + self.path, headers, body)))
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(receiver.answer)))
            self.end_headers()
            self.wfile.write(receiver.answer)

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
