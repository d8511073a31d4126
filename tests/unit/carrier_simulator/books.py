"""The simulator's own endpoints, as a test reads them."""

from __future__ import annotations

import time
from typing import Any

import requests


def accepted(simulator: str, **filters: object) -> list[dict[str, Any]]:
    """The messages accepted, oldest first."""
    messages: list[dict[str, Any]] = _get(f"{simulator}/_simulate/messages", filters)["messages"]
    return messages


def outcomes(simulator: str, to: str) -> list[str]:
    """The outcomes of all send requests for this recipient, oldest first."""
    return [request["outcome"] for request in _get(f"{simulator}/_simulate/requests", {"to": to})["requests"]]


def wait_until_settled(simulator: str, timeout: float = 5) -> None:
    """Wait until no receipt is owed any more."""
    deadline = time.monotonic() + timeout
    while owed := _get(f"{simulator}/_simulate/messages", {"limit": 0})["receiptsOwed"]:
        assert time.monotonic() < deadline, f"{owed} receipts are still owed"
        time.sleep(0.01)


def _get(url: str, parameters: dict[str, object]) -> dict[str, Any]:
    answer = requests.get(url, parameters, timeout=5)  # type: ignore[arg-type]
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found
