"""A carrier that misbehaves: slow, huge, malformed or throttling answers. It speaks the APIs of both carriers."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from outreach import clock

MEGABYTES = 64


@dataclass(frozen=True)
class Sent:
    """A request to send a message.

    Attributes:
        carrier: ``twilio`` or ``telnyx``.
        number: the number among all requests, from 1.
    """

    carrier: str
    recipient: str
    number: int
    form: dict[str, Any]


Behaviour = Callable[[BaseHTTPRequestHandler, Sent], None]


@dataclass
class HostileCarrier:
    """A running carrier.

    Attributes:
        behaviour: answers the requests to send; it may be replaced at any time.
        requests: the requests to send that it received.
    """

    url: str
    behaviour: Behaviour
    requests: list[Sent] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def requests_by_recipient(self) -> dict[str, int]:
        """How many requests each recipient took."""
        recipients = [request.recipient for request in self.requests]
        return {recipient: recipients.count(recipient) for recipient in recipients}


@contextmanager
def hostile_carrier(behaviour: Behaviour) -> Iterator[HostileCarrier]:
    """Serve on a free port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # headers and body are two writes; the second would wait 40 ms

        def do_GET(self) -> None:
            answer(self, 200, {"messages": []})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            with carrier.lock:
                request = _sent(self.path, body, len(carrier.requests) + 1)
                carrier.requests.append(request)
            with suppress(OSError):  # the client hung up
                carrier.behaviour(self, request)

        def log_message(self, *_: object) -> None:
            """Write no access log."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        carrier = HostileCarrier(f"http://127.0.0.1:{server.server_port}", behaviour)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield carrier
        finally:
            server.shutdown()


def _sent(path: str, body: bytes, number: int) -> Sent:
    if path.startswith("/v2/"):
        fields = json.loads(body)
        return Sent("telnyx", fields["to"], number, fields)
    form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
    return Sent("twilio", form["To"], number, form)


def answer(handler: BaseHTTPRequestHandler, status: int, body: Any = None, /, **headers: str) -> None:
    """Answer with a JSON body, or with bytes as they are."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    handler.send_response(status)
    for name, value in {"Content-Type": "application/json", "Content-Length": str(len(content)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(content)


def accept(handler: BaseHTTPRequestHandler, request: Sent) -> None:
    """Accept the message."""
    message_id = f"accepted-{request.number}"
    is_telnyx = request.carrier == "telnyx"
    answer(handler, 200 if is_telnyx else 201, {"data": {"id": message_id}} if is_telnyx else {"sid": message_id})


def refuse(status: int, code: str, **headers: str) -> Behaviour:
    """Refuse each message with the same error."""

    def behave(handler: BaseHTTPRequestHandler, _: Sent) -> None:
        error = {"code": code, "message": "words", "errors": [{"code": code, "detail": "words"}]}
        answer(handler, status, error, **headers)

    return behave


throttle = refuse(429, "")


def limited(per_second: int) -> Behaviour:
    """Accept so many messages in each second of the system's clock, and answer 429 to all others."""
    taken: dict[int, int] = {}
    lock = threading.Lock()

    def behave(handler: BaseHTTPRequestHandler, request: Sent) -> None:
        second = int(clock.now().timestamp())
        with lock:
            taken[second] = taken.get(second, 0) + 1
            is_accepted = taken[second] <= per_second
        (accept if is_accepted else throttle)(handler, request)

    return behave


def behaviours_in_order(*behaviours: Behaviour) -> Behaviour:
    """Treat the n-th request by the n-th behaviour, and all later ones by the last."""

    def behave(handler: BaseHTTPRequestHandler, request: Sent) -> None:
        behaviours[min(request.number, len(behaviours)) - 1](handler, request)

    return behave


def garbage(body: bytes, status: int = 200, **headers: str) -> Behaviour:
    """Answer with the same bytes, whatever they are."""
    return lambda handler, _: answer(handler, status, body, **headers)


def drip_headers(handler: BaseHTTPRequestHandler, _: Sent) -> None:
    """Send the headers byte by byte, without end."""
    _drip(handler, b"HTTP/1.1 201 Created\r\nX-Slow: ")


def drip_body(handler: BaseHTTPRequestHandler, _: Sent) -> None:
    """Send the body byte by byte, without end."""
    _drip(handler, b"HTTP/1.1 201 Created\r\nContent-Length: 100000\r\n\r\n{")


def _drip(handler: BaseHTTPRequestHandler, first: bytes) -> None:
    handler.close_connection = True
    handler.wfile.write(first)
    deadline = time.monotonic() + 30
    pause = threading.Event()
    while time.monotonic() < deadline and not pause.wait(0.02):
        handler.wfile.write(b" ")


def flood(handler: BaseHTTPRequestHandler, _: Sent) -> None:
    """Send a body of many megabytes."""
    handler.close_connection = True
    handler.wfile.write(b'HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n\r\n{"sid": "')
    for _block in range(MEGABYTES):
        handler.wfile.write(b"x" * 1_000_000)


_BOMB = gzip.compress(b'{"sid": "' + b"x" * (MEGABYTES * 1_000_000))


def gzip_bomb(handler: BaseHTTPRequestHandler, _: Sent) -> None:
    """Send a few kilobytes that are many megabytes once they are decompressed."""
    answer(handler, 201, _BOMB, Content_Encoding="gzip")
