"""The circuit breaker of a channel account: pauses an account that cannot send, so that its messages wait instead of failing.

A fault of the account (credentials, credit, sender, limits) affects every message alike, and the carrier has certainly not
accepted the message whose call reported it. The breaker has three states:

* *closed*: the account works, and messages are sent.
* *open*: the account is paused: for a minute after the first fault, twice as long after each further one, for half an
  hour at most, or for as long as the carrier asked. Messages wait, and campaigns release none.
* *half-open*: the pause is over. One message at a time is sent as a probe. Success closes the breaker; a fault opens it again.

Ten equal consecutive unknown refusals also count as a fault. So do receipts (:mod:`outreach.sending.receipt_faults`): then an
acceptance proves nothing, and only the receipt of a probe closes the breaker.

The alarm asks an operator to repair the account. Messages wait a week for it; older ones fail, and releases are paused.

==================  =====================  ================================================================
pk                  sk                     item in the sites table
==================  =====================  ================================================================
``SITE#<site>``     ``STATE#<account>``    unless the breaker is closed: ``faults`` in a row, ``since`` the first of them,
                                           ``paused_until`` (Unix times), ``reason``, ``by_receipts``, ``is_probed``;
                                           after an unknown refusal: ``refused_code``, ``refused_count``
==================  =====================  ================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from threading import Lock
from typing import Any

from outreach import clock, dynamo
from outreach.carriers.time_limits import CALL_SECONDS
from outreach.dynamo import Update
from outreach.observability import count, logger
from outreach.settings import settings
from outreach.sites.models import ChannelAccount

FIRST_PAUSE_SECONDS = 60
LONGEST_PAUSE_SECONDS = 1800
# How long a probe keeps other messages waiting: the call to the carrier, and the time to record its outcome.
PROBE_SECONDS = round(CALL_SECONDS) + 7
# How long the receipt of a probe is awaited, before another message probes.
RECEIPT_SECONDS = 300
# So many equal unknown refusals in a row count as a fault of the account.
UNKNOWN_REFUSALS = 10
# How long messages wait for their account.
MAX_WAIT_SECONDS = round(timedelta(days=7).total_seconds())


@dataclass(frozen=True)
class BreakerState:
    """An open or half-open breaker.

    Attributes:
        faults: the number of faults in a row.
        since: the Unix time of the first of these faults.
        until: the Unix time at which the breaker becomes half-open.
        reason: the carrier's error message.
        by_receipts: whether receipts report the fault, so that an acceptance does not close the breaker.
        is_probed: whether the carrier has accepted a probe whose receipt is awaited.
        is_own_probe: whether this process sends the probe that keeps the breaker open.
    """

    faults: int
    since: int
    until: int
    reason: str
    by_receipts: bool = False
    is_probed: bool = False
    is_own_probe: bool = False

    @property
    def is_over(self) -> bool:
        """Whether the breaker is half-open."""
        return self.until <= clock.now().timestamp()

    @property
    def is_too_long(self) -> bool:
        """Whether the account has failed for longer than messages wait."""
        return self.since + MAX_WAIT_SECONDS < clock.now().timestamp()


def state_of(site_id: str, account_id: str, *, consistent: bool = False) -> BreakerState | None:
    """Return the state of an account's breaker; ``None`` while it is closed."""
    return state_of_item(dynamo.get(settings().sites_table, _key(site_id, account_id), consistent=consistent))


def states_of(site_id: str) -> dict[str, BreakerState]:
    """Return the states of a site's breakers that are not closed, by account id."""
    items = dynamo.query_by_prefix(settings().sites_table, f"SITE#{site_id}", "STATE#")
    states = {item["sk"].removeprefix("STATE#"): state_of_item(item) for item in items}
    return {account_id: state for account_id, state in states.items() if state}


def state_of_item(item: Mapping[str, Any] | None) -> BreakerState | None:
    """Return the state that an account's item stores, if it stores one."""
    if not item or "paused_until" not in item:
        return None
    flags = bool(item.get("by_receipts")), bool(item.get("is_probed"))
    return BreakerState(item["faults"], item["since"], item["paused_until"], item["reason"], *flags)


def resume(site_id: str, account_id: str) -> None:
    """Close the breaker of an account that an operator has repaired."""
    dynamo.delete(settings().sites_table, _key(site_id, account_id))


class CircuitBreaker:
    """The circuit breaker of one account, shared by the threads that send a batch of messages."""

    def __init__(self, account: ChannelAccount) -> None:
        self.account = account
        self._key = _key(account.site_id, account.id)
        self._lock = Lock()
        self._has_refusals = False
        self._pause = self._read()

    def open_until(self) -> float | None:
        """Return the Unix time until which the breaker is open, or ``None`` when it is closed or half-open."""
        pause = self._pause
        return None if pause is None or pause.is_over else pause.until

    @property
    def has_failed_too_long(self) -> bool:
        """Whether the account has failed for longer than messages wait."""
        pause = self._pause
        return pause is not None and pause.is_too_long

    def allow(self) -> bool:
        """Return whether the caller may send a message now.

        A half-open breaker allows one message, and stays open for the others until the outcome of that probe is known.
        """
        with self._lock:
            while self._pause:
                if self.open_until():
                    return False
                probe = replace(self._pause, until=_seconds_from_now(PROBE_SECONDS), is_own_probe=True)
                if self._replace(probe):
                    return True
            return True

    def record_failure(self, reason: str, seconds: float | None = None) -> float:
        """Open the breaker after a fault of the account.

        Args:
            reason: the carrier's error message.
            seconds: how long the carrier asks the account to wait, if it says so.

        Returns:
            The Unix time at which the breaker becomes half-open.
        """
        with self._lock:
            until = self.open_until()
            if until and self._pause and not self._pause.is_own_probe:
                return until  # another call of this batch met the same fault
            return self._open(reason, seconds, by_receipts=False)

    def record_receipt_failures(self, reason: str, seconds: float | None = None) -> None:
        """Open the breaker because most receipts report a fault of the account. See :meth:`record_failure`."""
        with self._lock:
            if self._pause is None or self._pause.is_probed:
                self._open(reason, seconds, by_receipts=True)

    def record_unknown_refusal(self, code: str) -> bool:
        """Count an unknown refusal; return whether it counts as a fault of the account.

        Args:
            code: what makes two refusals equal.
        """
        # Refusals of one batch are counted concurrently: the second finds the counter that the first has created.
        refusals = self._count_refusal(code) or self._start_streak(code) or self._count_refusal(code) or 0
        self._has_refusals = True  # after the write, so that a concurrent acceptance still clears it
        return refusals >= UNKNOWN_REFUSALS

    def _count_refusal(self, code: str) -> int | None:
        change, values = "SET refused_count = refused_count + :one", {":one": 1, ":code": code}
        try:
            item = dynamo.update(settings().sites_table, self._key, change, values, condition="refused_code = :code")
        except dynamo.ConditionFailed:
            return None
        return int(item["refused_count"])

    def _start_streak(self, code: str) -> int | None:
        first, stored = Update().set("refused_code", code).set("refused_count", 1), {":code": code}
        condition = "attribute_not_exists(refused_code) OR refused_code <> :code"
        return 1 if dynamo.update_if(settings().sites_table, self._key, first, stored, condition=condition) else None

    def record_acceptance(self) -> None:
        """Close the breaker, and forget unknown refusals: the carrier has accepted a message."""
        if self._has_refusals:
            self._has_refusals = False
            dynamo.update(settings().sites_table, self._key, Update().remove("refused_code", "refused_count"), returns="NONE")
        self.record_success()

    def record_success(self) -> None:
        """Close the breaker: the carrier has accepted or refused a message, so the account works.

        A breaker that receipts have opened waits for the probe's receipt instead.
        """
        with self._lock:
            if self._pause and self._pause.by_receipts:
                self._replace(replace(self._pause, until=_seconds_from_now(RECEIPT_SECONDS), is_probed=True, is_own_probe=False))
            elif self._pause:
                self._close(self._pause)

    def record_healthy_receipt(self) -> bool:
        """Close a breaker that receipts have opened, when a probe's receipt reports no fault; return whether it did."""
        with self._lock:
            return bool(self._pause and self._pause.is_probed and self._close(self._pause))

    def _open(self, reason: str, seconds: float | None, *, by_receipts: bool) -> float:
        faults = self._pause.faults + 1 if self._pause else 1
        duration = min(FIRST_PAUSE_SECONDS * 2 ** (faults - 1), LONGEST_PAUSE_SECONDS) if seconds is None else seconds
        since = self._pause.since if self._pause else _seconds_from_now(0)
        pause = BreakerState(faults, since, _seconds_from_now(duration), reason, by_receipts)
        if self._replace(pause):
            count("AccountPaused")
            logger().warning("account paused", account_id=self.account.id, site_id=self.account.site_id, faults=faults)
        return self._pause.until if self._pause else pause.until

    def _close(self, pause: BreakerState) -> bool:
        change = Update().remove("faults", "since", "paused_until", "reason", "by_receipts", "is_probed")
        stored = {":until": pause.until}
        is_closed = dynamo.update_if(settings().sites_table, self._key, change, stored, condition="paused_until = :until")
        self._pause = None if is_closed else self._read()
        return is_closed

    def _read(self) -> BreakerState | None:
        item = dynamo.get(settings().sites_table, self._key, consistent=True)
        self._has_refusals = bool(item and "refused_code" in item)
        return state_of_item(item)

    def _replace(self, pause: BreakerState) -> bool:
        """Store a pause, unless another process has changed it since it was read; then read that process's pause."""
        stored = self._pause
        is_written = dynamo.update_if(
            settings().sites_table,
            self._key,
            Update()
            .set("faults", pause.faults)
            .set("since", pause.since)
            .set("paused_until", pause.until)
            .set("reason", pause.reason)
            .set("by_receipts", pause.by_receipts)
            .set("is_probed", pause.is_probed),
            {":until": stored.until} if stored else {},
            condition="paused_until = :until" if stored else "attribute_not_exists(paused_until)",
        )
        self._pause = pause if is_written else self._read()
        return is_written


def _key(site_id: str, account_id: str) -> dict[str, str]:
    return {"pk": f"SITE#{site_id}", "sk": f"STATE#{account_id}"}


def _seconds_from_now(seconds: float) -> int:
    return round(clock.now().timestamp() + seconds)
