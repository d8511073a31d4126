"""The customer's callback endpoint: verifies signatures and stores the newest status of each message."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from standardwebhooks import Webhook, WebhookVerificationError

FILE = "callbacks.sqlite3"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS callback (webhook_id TEXT PRIMARY KEY, message_id TEXT, sequence INTEGER, status TEXT);
CREATE TABLE IF NOT EXISTS rejection (reason TEXT);
"""
_NEWEST = "SELECT message_id, status, max(sequence) FROM callback GROUP BY message_id"


@dataclass(frozen=True)
class Received:
    """The callbacks received so far.

    Attributes:
        newest: status in the newest callback of each message, by message id.
        total: number of callbacks; a repeated callback counts once.
        rejected: number of requests without a valid signature.
    """

    newest: dict[str, str]
    total: int
    rejected: int


class Inbox:
    """Stores callbacks in a SQLite file, so that they survive a restart."""

    def __init__(self, file: Path, secret: str) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._webhook = Webhook(secret)
        self._lock = threading.Lock()
        self._db = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._db.executescript(_SCHEMA)

    def receive(self, body: bytes, headers: dict[str, str]) -> int:
        """Verify and store a callback.

        Args:
            headers: by lower-case name.

        Returns:
            The HTTP status of the response.
        """
        try:
            callback = self._webhook.verify(body, headers)
        except WebhookVerificationError as error:
            with self._lock:
                self._db.execute("INSERT INTO rejection VALUES (?)", (str(error),))
            return 401
        row = (headers["webhook-id"], callback["id"], callback["sequence"], callback["status"])
        with self._lock:
            self._db.execute("INSERT OR IGNORE INTO callback VALUES (?, ?, ?, ?)", row)
        return 204

    def received(self) -> Received:
        with self._lock:
            newest = {message_id: status for message_id, status, _ in self._db.execute(_NEWEST)}
            (total,) = self._db.execute("SELECT count(*) FROM callback").fetchone()
            (rejected,) = self._db.execute("SELECT count(*) FROM rejection").fetchone()
        return Received(newest, total, rejected)

    def close(self) -> None:
        self._db.close()


@contextmanager
def serve(file: Path, secret: str, port: int) -> Iterator[Inbox]:
    """Serve an inbox on the loopback interface.

    Raises:
        OSError: the port is in use.
    """
    inbox = Inbox(file, secret)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(inbox.receive(body, {name.lower(): value for name, value in self.headers.items()}))
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Print no access log."""

    try:
        with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                yield inbox
            finally:
                server.shutdown()
                thread.join()
    finally:
        inbox.close()
