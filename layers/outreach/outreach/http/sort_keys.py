"""What the entries of lists are sorted by (docs/api.md, "Lists").

Separate from the paging of requests, so that workers need not import it.
"""

from __future__ import annotations

from typing import Any

from outreach import text


def comparable(value: Any) -> tuple[Any, ...]:
    """Return what a value is sorted by: no value comes first, texts follow :func:`outreach.text.sort_key`."""
    if value is None:
        return ()
    return text.sort_key(value) if isinstance(value, str) else (value,)
