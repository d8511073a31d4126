"""Detects account-wide faults in delivery receipts, such as an unregistered sender or a daily cap of a network.

The carrier accepts these messages, so no response shows the fault. When most of the last 50 outcomes that receipts report are
such faults, the account's circuit breaker opens.

Successful receipts need no write: each process counts them in memory, and writes them together with the next fault.

==================  =======================  ================================================================
pk                  sk                       item in the sites table; absent without faults
==================  =======================  ================================================================
``SITE#<site>``     ``RECEIPTS#<account>``   ``outcomes``: the last 50, oldest first, ``!`` for a fault and ``.`` for none;
                                             ``written`` (Unix time)
==================  =======================  ================================================================
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock

from outreach import clock, dynamo
from outreach.carriers import carrier_http
from outreach.carriers.error_scopes import ACCOUNT_WIDE
from outreach.carriers.webhook_messages import Receipt
from outreach.dynamo import Update
from outreach.messages.status import MessageStatus
from outreach.sending import circuit_breaker
from outreach.sending.circuit_breaker import CircuitBreaker
from outreach.settings import settings
from outreach.sites.models import ChannelAccount

WINDOW = 50
_FAULT, _HEALTHY = "!", "."
# Outcomes of an earlier time say nothing about the account now.
_STALE_SECONDS = 3600
# The minimum interval between checks whether a breaker waits for a successful receipt.
_CHECK_INTERVAL_SECONDS = 10


@dataclass
class _Unwritten:
    """What a process has seen of an account since it last wrote.

    Attributes:
        outcomes: the outcomes of messages.
        sent: how many of them are reports of ``sent``, whose message gets another report.
        replaced: how many reports replace an earlier ``sent``.
    """

    outcomes: deque[str] = field(default_factory=lambda: deque(maxlen=WINDOW))
    sent: int = 0
    replaced: int = 0
    last_checked: float = 0.0
    lock: Lock = field(default_factory=Lock)

    def note(self, outcome: str, *, is_final: bool) -> None:
        with self.lock:
            self.outcomes.append(outcome)
            if not is_final:
                self.sent = min(self.sent + 1, WINDOW)
            elif self.sent:
                self.sent -= 1
                self.replaced += 1

    def take(self) -> tuple[str, int]:
        """Return and forget the outcomes and how many of them replace an earlier one. A write that fails loses them."""
        with self.lock:
            taken = "".join(self.outcomes), self.replaced
            self.outcomes.clear()
            self.replaced = 0
        return taken


@lru_cache(maxsize=256)
def _unwritten(_table: str, _site_id: str, _account_id: str) -> _Unwritten:
    return _Unwritten()


def observe(account: ChannelAccount, receipt: Receipt) -> None:
    """Count a receipt; pause the account when most of its last receipts report a fault of it."""
    if receipt.status is None or receipt.status is MessageStatus.SENDING:
        return
    unwritten = _unwritten(settings().sites_table, account.site_id, account.id)
    is_fault = receipt.failed_reason is not None and receipt.scope in ACCOUNT_WIDE
    unwritten.note(_FAULT if is_fault else _HEALTHY, is_final=receipt.status.is_final)
    if is_fault:
        _record_fault(account, receipt, unwritten)
    elif receipt.status.is_final:
        _record_healthy(account, unwritten)


def _record_fault(account: ChannelAccount, receipt: Receipt, unwritten: _Unwritten) -> None:
    outcomes = _write(account, *unwritten.take())
    if receipt.scope and outcomes.count(_FAULT) > WINDOW // 2:
        CircuitBreaker(account).record_receipt_failures(receipt.failed_reason or "", carrier_http.pause_seconds(receipt.scope))


def _record_healthy(account: ChannelAccount, unwritten: _Unwritten) -> None:
    """Close the breaker if receipts have opened it and a probe was accepted."""
    now = clock.now().timestamp()
    if now < unwritten.last_checked + _CHECK_INTERVAL_SECONDS:
        return
    unwritten.last_checked = now
    pause = circuit_breaker.state_of(account.site_id, account.id)
    if pause and pause.is_probed and CircuitBreaker(account).record_healthy_receipt():
        reset(account)


def reset(account: ChannelAccount) -> None:
    """Delete the outcomes that were counted."""
    dynamo.update(settings().sites_table, _key(account), Update().set("outcomes", "").set("written", 0), returns="NONE")


def _write(account: ChannelAccount, new: str, replaced: int) -> str:
    """Add outcomes to the stored ones; return the last 50."""

    def attempt() -> str:
        item = dynamo.get(settings().sites_table, _key(account), consistent=True)
        now = round(clock.now().timestamp())
        stored = item["outcomes"] if item else ""
        is_fresh = bool(item and item["written"] + _STALE_SECONDS > now)
        outcomes = ((stored if is_fresh else "") + new).replace(_HEALTHY, "", replaced)[-WINDOW:]
        change = Update().set("outcomes", outcomes).set("written", now)
        condition = "outcomes = :stored" if item else "attribute_not_exists(pk)"
        values = {":stored": stored} if item else {}
        if not dynamo.update_if(settings().sites_table, _key(account), change, values, condition=condition):
            raise dynamo.WriteConflict
        return outcomes

    error = RuntimeError(f"too many concurrent receipts of account {account.id}")
    return dynamo.retry_on_conflict(attempt, error=error)


def _key(account: ChannelAccount) -> dict[str, str]:
    return {"pk": f"SITE#{account.site_id}", "sk": f"RECEIPTS#{account.id}"}
