"""Reads the ledger through the simulator's own endpoints."""

from __future__ import annotations

import time
from typing import Any

import requests


def accepted(simulator: str, **filters: object) -> list[dict[str, Any]]:
    """List the accepted messages, oldest first."""
    messages: list[dict[str, Any]] = _get(f"{simulator}/_simulate/messages", filters)["messages"]
    return messages


def outcomes(simulator: str, to: str) -> list[str]:
    """List the outcomes of all send requests to a recipient, oldest first."""
    return [request["outcome"] for request in _get(f"{simulator}/_simulate/requests", {"to": to})["requests"]]


def wait_for_receipts(simulator: str, timeout: float = 5) -> None:
    """Wait until no receipt is pending."""
    deadline = time.monotonic() + timeout
    while pending := _get(f"{simulator}/_simulate/messages", {"limit": 0})["receiptsOwed"]:
        assert time.monotonic() < deadline, f"{pending} receipts are still pending"
        time.sleep(0.01)


def _get(url: str, parameters: dict[str, object]) -> dict[str, Any]:
    response = requests.get(url, parameters, timeout=5)  # type: ignore[arg-type]
    response.raise_for_status()
    body: dict[str, Any] = response.json()
    return body
