"""Warnings of an import: what was read differently from how it is written in the file (docs/api.md, "Import")."""

from __future__ import annotations

from dataclasses import dataclass, field

MAX_WARNINGS = 1_000


@dataclass(frozen=True)
class ImportWarning:
    """One warning.

    Attributes:
        row: the row's number in the file; row 1 is the header, and also represents the file as a whole.
        column: the column's heading; empty if the warning concerns no single column.
        message: what was done, and why.
    """

    row: int
    column: str
    message: str


@dataclass
class Warnings:
    """Collects warnings: keeps the first ones and counts all.

    Attributes:
        entries: the first warnings, at most ``MAX_WARNINGS``.
        count: the number of all warnings.
    """

    entries: list[ImportWarning] = field(default_factory=list)
    count: int = 0

    def add(self, row: int, column: str, message: str) -> None:
        """Add a warning."""
        self.count += 1
        if len(self.entries) < MAX_WARNINGS:
            self.entries.append(ImportWarning(row, column, message))
