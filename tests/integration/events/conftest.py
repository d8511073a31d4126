"""What the sample events need around them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import world as worlds
from tests.support.http_server import Server


@pytest.fixture
def outside(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The carrier and the customer's endpoint."""
    with worlds.outside(monkeypatch) as server:
        yield server


@pytest.fixture
def world(outside: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Everything that an event names."""
    worlds.make(outside.url, monkeypatch)
    return outside
