"""Channel accounts that can't send: paused, instead of failing a campaign message by message.

A fault of the account (its credentials, a suspension, a spending limit) meets each of its messages alike, and the carrier has
certainly not taken the one that met it. So the message keeps waiting, and the account is paused: for a minute at first, twice as
long after each further fault in a row, half an hour at most, or as long as the carrier said. When a pause is over one message is
tried; what comes of it opens the account again or begins the next pause. Meanwhile releases wait, too, and so do messages: the
alarm tells somebody to mend the account, and who does not want to wait cancels. An account that has not worked for a week has
lost the patience of its messages: those that are as old fail, and releases pause.

==================  =====================  ================================================================
pk                  sk                     item in the sites table; there is none while the account works
==================  =====================  ================================================================
``SITE#<site>``     ``STATE#<account>``    ``faults`` in a row, the first of them ``since``, ``paused_until`` (Unix times),
                                           ``reason``
==================  =====================  ================================================================
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from threading import Lock

from outreach import aws, clock, dynamo
from outreach.observability import count, logger
from outreach.sending.carrier_http import CALL_SECONDS
from outreach.settings import settings
from outreach.sites.models import ChannelAccount

FIRST_PAUSE_SECONDS = 60
LONGEST_PAUSE_SECONDS = 1800
# For how long the one that probes keeps the others waiting: its call, and time to write down what came of it.
PROBE_SECONDS = round(CALL_SECONDS) + 7
# For how long messages wait for an account.
PATIENCE_SECONDS = round(timedelta(days=7).total_seconds())


@dataclass(frozen=True)
class Pause:
    """An account is paused ``until`` a Unix time, or was and has not proved yet that it works: its messages are late, not lost.

    Attributes:
        faults: how many it had in a row, the first of them ``since`` a Unix time.
        reason: the carrier's words.
    """

    faults: int
    since: int
    until: int
    reason: str
    is_our_probe: bool = False

    @property
    def is_over(self) -> bool:
        """Whether a message may be tried again."""
        return self.until <= clock.now().timestamp()

    @property
    def has_lasted(self) -> bool:
        """Whether it goes on for so long that nothing waits any more."""
        return self.since + PATIENCE_SECONDS < clock.now().timestamp()


def pause_of(site_id: str, account_id: str, *, consistent: bool = False) -> Pause | None:
    """The pause of an account; ``None`` for one that works."""
    item = dynamo.get(settings().sites_table, _key(site_id, account_id), consistent=consistent)
    return Pause(item["faults"], item["since"], item["paused_until"], item["reason"]) if item else None


def resume(site_id: str, account_id: str) -> None:
    """End the pause of an account, because somebody knows that it works again; one that is in none stays as it is."""
    aws.dynamodb().delete_item(TableName=settings().sites_table, Key=dynamo.to_item(_key(site_id, account_id)))


class Gate:
    """Whether an account's messages may be tried now. Made once for a batch of messages, and shared by its threads."""

    def __init__(self, account: ChannelAccount) -> None:
        self.account = account
        self._key = _key(account.site_id, account.id)
        self._lock = Lock()
        self._pause = self._read()

    def closed_until(self) -> float | None:
        """The end (Unix time) of the pause that the account is in, ``None`` when it is in none."""
        pause = self._pause
        return None if pause is None or pause.is_over else pause.until

    @property
    def is_down(self) -> bool:
        """Whether the account has not worked for so long that its messages don't wait any more."""
        pause = self._pause
        return pause is not None and pause.has_lasted

    def enter(self) -> float | None:
        """Ask to try a message: ``None`` grants it; else the Unix time at which to ask again.

        After a pause only one is let through until it is known whether the account works again.
        """
        with self._lock:
            while self._pause:
                if until := self.closed_until():
                    return until
                probing = replace(self._pause, until=_seconds_from_now(PROBE_SECONDS), is_our_probe=True)
                if self._replace(probing):
                    return None
            return None

    def close(self, reason: str, seconds: float | None = None) -> float:
        """Pause the account because of a fault of its own.

        Args:
            reason: the carrier's words.
            seconds: for how long, when the carrier says so.

        Returns:
            The Unix time at which to ask again.
        """
        with self._lock:
            until = self.closed_until()
            if until and self._pause and not self._pause.is_our_probe:
                return until  # another call of this batch has met the same fault
            faults = self._pause.faults + 1 if self._pause else 1
            wanted = min(FIRST_PAUSE_SECONDS * 2 ** (faults - 1), LONGEST_PAUSE_SECONDS) if seconds is None else seconds
            since = self._pause.since if self._pause else _seconds_from_now(0)
            pause = Pause(faults, since, _seconds_from_now(wanted), reason)
            if self._replace(pause):
                count("AccountPaused")
                logger().warning("account paused", account_id=self.account.id, site_id=self.account.site_id, faults=faults)
            return self._pause.until if self._pause else pause.until

    def open(self) -> None:
        """The carrier has decided about a message, so the account works."""
        with self._lock:
            if self._pause is None:
                return
            try:
                with dynamo.conditional():
                    aws.dynamodb().delete_item(
                        TableName=settings().sites_table,
                        Key=dynamo.to_item(self._key),
                        ConditionExpression="paused_until = :seen",
                        ExpressionAttributeValues=dynamo.to_item({":seen": self._pause.until}),
                    )
                self._pause = None
            except dynamo.ConditionFailed:
                self._pause = self._read()

    def _read(self) -> Pause | None:
        return pause_of(self.account.site_id, self.account.id, consistent=True)

    def _replace(self, pause: Pause) -> bool:
        """Write the pause unless somebody else has written another since we read it; then that one counts."""
        seen = self._pause
        try:
            dynamo.update(
                settings().sites_table,
                self._key,
                "SET faults = :faults, since = :since, paused_until = :until, reason = :reason",
                {":faults": pause.faults, ":since": pause.since, ":until": pause.until, ":reason": pause.reason}
                | ({":seen": seen.until} if seen else {}),
                condition="paused_until = :seen" if seen else "attribute_not_exists(pk)",
            )
        except dynamo.ConditionFailed:
            self._pause = self._read()
            return False
        self._pause = pause
        return True


def _key(site_id: str, account_id: str) -> dict[str, str]:
    return {"pk": f"SITE#{site_id}", "sk": f"STATE#{account_id}"}


def _seconds_from_now(seconds: float) -> int:
    return round(clock.now().timestamp() + seconds)
