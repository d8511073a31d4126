"""The specification's examples: ``examples/<endpoint>.json`` has them as they stand there; ``changes`` says what was mended."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.functions import Answer, call

_FOLDER = Path(__file__).with_name("examples")


def load(name: str, ids: Mapping[str, str] | None = None) -> dict[str, Any]:
    """An example: ``request`` (``method``, ``path``, ``body``) and ``response`` (``status``, ``body``).

    Args:
        ids: ids of the specification, and in whose place they are used: ids of things that exist.
    """
    text = (_FOLDER / f"{name}.json").read_text()
    for theirs, ours in (ids or {}).items():
        text = text.replace(theirs, ours)
    return dict(json.loads(text))


def send(function: str, ids: Mapping[str, str] | None = None) -> Answer:
    """Make the example's request to ``functions/<function>``; the status must be the example's."""
    example = load(function.rpartition("/")[2], ids)
    asked = example["request"]
    answer = call(function, asked["method"], asked["path"], asked.get("body"))
    assert answer.status == example["response"]["status"], answer.body
    return answer


def properties(value: Any, at: str = "") -> set[str]:
    """The pointers of all properties of a body; the elements of an array share ``*``."""
    if isinstance(value, list):
        return set[str]().union(*(properties(entry, f"{at}/*") for entry in value))
    if not isinstance(value, dict):
        return set()
    return set[str]().union(*({f"{at}/{name}", *properties(entry, f"{at}/{name}")} for name, entry in value.items()))
