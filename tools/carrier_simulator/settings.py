"""Settings of the simulator."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """Options of one simulator. All durations are seconds.

    Attributes:
        lost_response: time until the connection of a lost response is closed. The client sees a timeout if this time is longer
            than its own timeout, and a reset connection if it is zero.
    """

    state: Path
    accounts: Path | None = None
    webhook_base: str = "http://127.0.0.1:3000"
    latency: float = 0.05
    receipt_delay: float = 0.2
    receipt_retry_delay: float = 1.0
    receipt_concurrency: int = 20
    lost_response: float = 30.0
