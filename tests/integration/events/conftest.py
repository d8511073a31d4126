"""Fixtures for the sample events."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import sample_data
from tests.support.http_server import Server


@pytest.fixture
def outside(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A carrier and a customer's endpoint that accept everything."""
    with sample_data.external_services(monkeypatch) as server:
        yield server


@pytest.fixture
def world(outside: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """All items that the events name."""
    sample_data.create(outside.url, monkeypatch)
    return outside
