"""Stores send requests, accepted messages and pending receipts in SQLite, so that they survive a crash."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY AUTOINCREMENT, sid TEXT NOT NULL UNIQUE, carrier TEXT NOT NULL, account TEXT NOT NULL,
    sender TEXT NOT NULL, recipient TEXT NOT NULL, body TEXT NOT NULL, chain TEXT NOT NULL, callback_url TEXT NOT NULL,
    details TEXT NOT NULL, idempotency_key TEXT, fingerprint TEXT, status TEXT NOT NULL, error_code TEXT,
    accepted_at REAL NOT NULL, sent_at REAL, updated_at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS message_recipient ON message (recipient);
CREATE INDEX IF NOT EXISTS message_idempotency ON message (account, idempotency_key);
CREATE TABLE IF NOT EXISTS request (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, carrier TEXT NOT NULL, account TEXT NOT NULL, sender TEXT NOT NULL,
    recipient TEXT NOT NULL, chain TEXT NOT NULL, outcome TEXT NOT NULL, code TEXT, sid TEXT);
CREATE INDEX IF NOT EXISTS request_chain ON request (chain);
CREATE INDEX IF NOT EXISTS request_recipient ON request (recipient);
CREATE TABLE IF NOT EXISTS receipt (
    id INTEGER PRIMARY KEY AUTOINCREMENT, sid TEXT NOT NULL, status TEXT NOT NULL, event_id TEXT NOT NULL,
    due REAL NOT NULL, attempts INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS receipt_sid ON receipt (sid, due);
"""

STATUS_ORDER = {"queued": 0, "sent": 1, "delivered": 2, "undelivered": 2}


@dataclass(frozen=True)
class Submission:
    """A parsed send request. ``details`` are fields that the carrier repeats in responses; ``callback_url`` may be empty."""

    carrier: str
    account: str
    sender: str
    recipient: str
    body: str
    callback_url: str
    details: Mapping[str, Any]
    idempotency_key: str | None = None
    fingerprint: str | None = None

    @property
    def chain(self) -> str:
        """A hash that a request and its retries share: of the account, the recipient and the text."""
        return hashlib.sha256("\0".join((self.carrier, self.account, self.recipient, self.body)).encode()).hexdigest()


@dataclass(frozen=True)
class Message:
    """An accepted message. Times are Unix seconds; ``requests`` counts the requests with the same chain."""

    id: int
    sid: str
    carrier: str
    account: str
    sender: str
    recipient: str
    body: str
    callback_url: str
    details: Mapping[str, Any]
    fingerprint: str | None
    status: str
    error_code: str | None
    accepted_at: float
    sent_at: float | None
    updated_at: float
    requests: int


@dataclass(frozen=True)
class Receipt:
    """A pending status report: ``attempts`` webhooks have failed, the next is due at ``due`` (Unix seconds)."""

    id: int
    sid: str
    status: str
    event_id: str
    due: float
    attempts: int


SELECT_MESSAGES = """
SELECT id, sid, carrier, account, sender, recipient, body, callback_url, details, fingerprint, status, error_code,
       accepted_at, sent_at, updated_at, (SELECT count(*) FROM request WHERE request.chain = message.chain) AS requests
FROM message WHERE """
# Filters of `Ledger.messages`. `since` and `until` are ids; `sent_from` and `sent_to` are whole Unix seconds, as in Twilio's API.
SENT_SECOND = "CAST(coalesce(sent_at, accepted_at) AS INTEGER)"
FILTERS = {
    "sid": "sid = :sid",
    "carrier": "carrier = :carrier",
    "account": "account = :account",
    "sender": "sender = :sender",
    "recipient": "recipient = :recipient",
    "since": "id > :since",
    "until": "id <= :until",
    "sent_from": f"{SENT_SECOND} >= :sent_from",
    "sent_to": f"{SENT_SECOND} <= :sent_to",
}


class Ledger:
    """One SQLite file. Each method returns after its changes are on disk."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        # FULL syncs each commit before the response, so that no accepted message is lost.
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        """Close the file. The ledger cannot be used afterwards."""
        self._db.close()

    def accept(self, submission: Submission, sid: str, receipts: Sequence[tuple[str, float]], *, outcome: str) -> Message:
        """Record a message, its request and its pending receipts, each ``(status, due in Unix seconds)``."""
        now = time.time()
        with self._transaction():
            self._insert(
                "message",
                **vars(submission) | {"details": json.dumps(submission.details)},
                chain=submission.chain,
                sid=sid,
                status="queued",
                accepted_at=now,
                updated_at=now,
            )
            self.record_request(submission, outcome, sid=sid)
            for status, due in receipts:
                self._insert("receipt", sid=sid, status=status, event_id=str(uuid.uuid4()), due=due)
            return self.message(sid)

    def record_request(self, submission: Submission, outcome: str, *, code: str | None = None, sid: str | None = None) -> None:
        """Record a request that was refused with ``code`` or answered with the message ``sid``."""
        self._insert(
            "request",
            at=time.time(),
            carrier=submission.carrier,
            account=submission.account,
            sender=submission.sender,
            recipient=submission.recipient,
            chain=submission.chain,
            outcome=outcome,
            code=code,
            sid=sid,
        )

    def count_temporary_refusals(self, submission: Submission) -> int:
        """Count the 429 and 500 responses in this chain since its last accepted message."""
        row = self._db.execute(
            "SELECT count(*) FROM request WHERE chain = :chain AND outcome IN ('429', '500') AND id >"
            " (SELECT coalesce(max(id), 0) FROM request WHERE chain = :chain AND outcome IN ('accepted', 'lost'))",
            {"chain": submission.chain},
        ).fetchone()
        return int(row[0])

    def message(self, sid: str) -> Message:
        """Return the message with this carrier id.

        Raises:
            KeyError: no message has this id.
        """
        row = self._db.execute(SELECT_MESSAGES + "sid = ?", (sid,)).fetchone()
        if row is None:
            raise KeyError(sid)
        return _message(row)

    def messages(self, *, limit: int, offset: int = 0, newest_first: bool = False, **filters: Any) -> list[Message]:
        """List the accepted messages that match all given filters of ``FILTERS``. A filter of ``None`` is ignored."""
        order = "DESC" if newest_first else "ASC"
        rows = self._db.execute(
            f"{SELECT_MESSAGES} {_where(filters)} ORDER BY id {order} LIMIT :limit OFFSET :offset",
            {**filters, "limit": limit, "offset": offset},
        )
        return [_message(row) for row in rows]

    def count(self, **filters: Any) -> int:
        """Count the messages that match the filters."""
        row = self._db.execute(f"SELECT count(*) FROM message WHERE {_where(filters)}", filters).fetchone()  # noqa: S608 (constants)
        return int(row[0])

    def find_by_idempotency_key(self, account: str, idempotency_key: str, *, max_age: float) -> Message | None:
        """Return the message accepted with this idempotency key in the last ``max_age`` seconds, or ``None``."""
        row = self._db.execute(
            SELECT_MESSAGES + "account = ? AND idempotency_key = ? AND accepted_at > ?",
            (account, idempotency_key, time.time() - max_age),
        ).fetchone()
        return _message(row) if row else None

    def requests(self, *, recipient: str | None, since: int, limit: int) -> list[dict[str, Any]]:
        """List the requests with ids after ``since``, oldest first."""
        rows = self._db.execute(
            "SELECT id, at, carrier, account, sender, recipient, outcome, code, sid FROM request"
            " WHERE id > :since AND (:recipient IS NULL OR recipient = :recipient) ORDER BY id LIMIT :limit",
            {"since": since, "recipient": recipient, "limit": limit},
        )
        return [dict(row) for row in rows]

    def messages_with_pending_receipts(self) -> list[str]:
        """List the carrier ids of the messages that have pending receipts."""
        return [row[0] for row in self._db.execute("SELECT sid FROM receipt GROUP BY sid ORDER BY min(due)")]

    def count_pending_receipts(self) -> int:
        """Count the pending receipts of all messages."""
        return int(self._db.execute("SELECT count(*) FROM receipt").fetchone()[0])

    def next_receipt(self, sid: str) -> Receipt | None:
        """Return the pending receipt of this message that is due first, or ``None``."""
        row = self._db.execute(
            "SELECT id, sid, status, event_id, due, attempts FROM receipt WHERE sid = ? ORDER BY due, id LIMIT 1", (sid,)
        ).fetchone()
        return Receipt(**row) if row else None

    def advance(self, sid: str, status: str, error_code: str | None) -> Message:
        """Move a message forward to ``status``; a message never moves back.

        Raises:
            KeyError: no message has this id.
        """
        message, now = self.message(sid), time.time()
        if STATUS_ORDER[status] > STATUS_ORDER[message.status]:
            self._db.execute(
                "UPDATE message SET status = ?, error_code = ?, sent_at = coalesce(sent_at, ?), updated_at = ? WHERE sid = ?",
                (status, error_code, now, now, sid),
            )
        return self.message(sid)

    def remove_receipt(self, receipt: Receipt) -> None:
        """Delete a receipt that was delivered or given up."""
        self._db.execute("DELETE FROM receipt WHERE id = ?", (receipt.id,))

    def schedule_retry(self, receipt: Receipt, due: float) -> None:
        """Count a failed webhook of a receipt and set the time of the next (Unix seconds)."""
        self._db.execute("UPDATE receipt SET attempts = attempts + 1, due = ? WHERE id = ?", (due, receipt.id))

    def clear(self) -> None:
        """Delete all messages, requests and pending receipts."""
        with self._transaction():
            for table in ("message", "request", "receipt"):
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608 (constants only)

    def _insert(self, table: str, **values: Any) -> None:
        columns, placeholders = ", ".join(values), ", ".join(f":{name}" for name in values)
        self._db.execute(f"INSERT INTO {table} ({columns}) VALUES ({placeholders})", values)  # noqa: S608 (constants only)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")


def _where(filters: Mapping[str, Any]) -> str:
    return " AND ".join(["TRUE", *(FILTERS[name] for name, value in filters.items() if value is not None)])


def _message(row: sqlite3.Row) -> Message:
    return Message(**{**dict(row), "details": json.loads(row["details"])})
