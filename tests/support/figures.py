"""What the tests of reliability tried, and what went wrong; ``make reliability`` keeps it in docs/reliability.json."""

from __future__ import annotations

import fcntl
import json
from collections import Counter
from pathlib import Path

tried: Counter[str] = Counter()
# Zeros stay: that something was looked for and not found is what is to be shown.
went_wrong: Counter[str] = Counter()


def write_down(file: Path) -> None:
    """Add it to what is in the file; several processes may do so at once."""
    with file.open("a+") as stored:
        fcntl.flock(stored, fcntl.LOCK_EX)
        stored.seek(0)
        before = json.loads(stored.read() or "{}")
        total = {name: Counter(before.get(name)) for name in ("tried", "went wrong")}
        total["tried"].update(tried)
        total["went wrong"].update(went_wrong)
        stored.truncate(0)
        stored.write(json.dumps(total, indent=2, sort_keys=True) + "\n")
