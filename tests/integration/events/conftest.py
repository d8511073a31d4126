"""Fixtures for the sample events."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import sample_data
from tests.support.http_server import Server

_MADE: list[str] = []


@pytest.fixture
def external_services(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A carrier and a customer's endpoint that accept everything."""
    with sample_data.external_services(monkeypatch) as server:
        yield server


@pytest.fixture
def sample_services(external_services: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The external services, after all items that the events name have been created."""
    sample_data.create(external_services.url, monkeypatch, _MADE)
    return external_services
