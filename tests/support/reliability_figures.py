"""Counts what the reliability tests try and what goes wrong; ``make reliability`` writes the counts to docs/reliability.json."""

from __future__ import annotations

import fcntl
import json
from collections import Counter
from pathlib import Path

tried: Counter[str] = Counter()
# Zeros are kept: they show that a test looked for a failure and found none.
went_wrong: Counter[str] = Counter()


def write_figures(file: Path) -> None:
    """Add the counts to those in the file; several processes may do so at the same time."""
    with file.open("a+") as stored:
        fcntl.flock(stored, fcntl.LOCK_EX)
        stored.seek(0)
        before = json.loads(stored.read() or "{}")
        total = {name: Counter(before.get(name)) for name in ("tried", "went wrong")}
        total["tried"].update(tried)
        total["went wrong"].update(went_wrong)
        stored.truncate(0)
        stored.write(json.dumps(total, indent=2, sort_keys=True) + "\n")
