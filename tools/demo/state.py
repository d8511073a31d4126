"""How far a demo has come: kept in a small file, so that an interrupted one goes on where it was."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "progress.json"


@dataclass
class State:
    """
    Attributes:
        sample: how many contacts of the sample file take part.
        finished: whether the outcome has been judged, so that the next demo starts afresh.
    """

    sample: int
    import_id: str | None = None
    campaign_id: str | None = None
    record_id: str | None = None
    finished: bool = False

    @classmethod
    def load(cls, folder: Path) -> State | None:
        """The state that was saved in a folder, if there is one."""
        file = folder / FILE
        return cls(**json.loads(file.read_text())) if file.exists() else None

    def save(self, folder: Path) -> None:
        """Replace what was saved before; an interruption leaves either the old or the new."""
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f"{FILE}.new"
        draft.write_text(json.dumps(asdict(self)))
        draft.replace(folder / FILE)
