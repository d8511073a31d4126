"""What the command line decides."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """Options of one simulator; all durations are seconds.

    ``lost_answer`` is how long a connection whose answer is lost stays open before it is cut: longer than the client's
    time-out shows a time-out, zero shows a reset connection.
    """

    state: Path
    accounts: Path | None = None
    webhook_base: str = "http://127.0.0.1:3000"
    latency: float = 0.05
    receipt_delay: float = 0.2
    receipt_retry_delay: float = 1.0
    receipt_concurrency: int = 20
    lost_answer: float = 30.0
