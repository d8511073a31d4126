"""The options of an import: how its columns and numbers are read, and what happens to existing contacts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from outreach.phone_numbers import NumberFormat


class DuplicateOption(StrEnum):
    """What to do with a row when a contact already has one of its identities."""

    MERGE = "merge"
    REPLACE = "replace"
    SKIP = "skip"


class UnknownColumns(StrEnum):
    """What to do with a column that is not a contact field, and that ``columns`` does not name."""

    ERROR = "error"
    IGNORE = "ignore"


@dataclass(frozen=True)
class ImportOptions:
    """The options of an import.

    Attributes:
        columns: the field that a column holds, or ``None`` for a column to ignore, by heading.
        phone_numbers: ``None`` reads national numbers, and keeps those as given that are valid in both formats.
        encodings: the encodings that the client names for a CSV file, the most reliable first.
        is_dry_run: whether the import only shows what it would do.
    """

    duplicates: DuplicateOption = DuplicateOption.MERGE
    columns: Mapping[str, str | None] = field(default_factory=dict)
    unknown_columns: UnknownColumns = UnknownColumns.ERROR
    phone_numbers: NumberFormat | None = None
    encodings: tuple[str, ...] = ()
    is_dry_run: bool = False


def columns_option(heading: str, name: str | None) -> str:
    """Return ``columns`` for one column as JSON, for an error or a warning that advises it."""
    return json.dumps({heading: name}, ensure_ascii=False)
