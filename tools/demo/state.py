"""Stores the progress of a demo in a file, so that the next run continues after an interruption."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "progress.json"


@dataclass
class State:
    """Progress of a demo.

    Attributes:
        sample: number of sample contacts.
        finished: whether the outcome has been checked; the next demo then starts from the beginning.
    """

    sample: int
    import_id: str | None = None
    campaign_id: str | None = None
    record_id: str | None = None
    finished: bool = False

    @classmethod
    def load(cls, folder: Path) -> State | None:
        """Load the state from a folder, or return ``None`` if there is none."""
        file = folder / FILE
        return cls(**json.loads(file.read_text())) if file.exists() else None

    def save(self, folder: Path) -> None:
        """Write the state atomically: an interruption leaves the old or the new file."""
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f"{FILE}.new"
        draft.write_text(json.dumps(asdict(self)))
        draft.replace(folder / FILE)
