"""Reference examples of requests and responses, one file per endpoint: ``examples/<endpoint>.json``.

``changes`` in a file lists the corrections that the original example needed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.functions import Answer, call

_FOLDER = Path(__file__).with_name("examples")


def load(name: str, ids: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Read an example: ``request`` (``method``, ``path``, ``body``) and ``response`` (``status``, ``body``).

    Args:
        ids: replacements for the example's ids: the example's id → the id of an existing item.
    """
    text = (_FOLDER / f"{name}.json").read_text()
    for example_id, existing_id in (ids or {}).items():
        text = text.replace(example_id, existing_id)
    return dict(json.loads(text))


def send(function: str, ids: Mapping[str, str] | None = None) -> Answer:
    """Send an example's request to ``functions/<function>``, and check that the status is the example's."""
    example = load(function.rpartition("/")[2], ids)
    request = example["request"]
    answer = call(function, request["method"], request["path"], request.get("body"))
    assert answer.status == example["response"]["status"], answer.body
    return answer


def properties(value: Any, at: str = "") -> set[str]:
    """The JSON pointers of all properties of a body; every element of an array has the step ``*``."""
    if isinstance(value, list):
        return set[str]().union(*(properties(entry, f"{at}/*") for entry in value))
    if not isinstance(value, dict):
        return set()
    return set[str]().union(*({f"{at}/{name}", *properties(entry, f"{at}/{name}")} for name, entry in value.items()))
