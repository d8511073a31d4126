"""A site whose customers can be told, time that stands still, and executions that sleep."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import callbacks, pipeline
from tests.support.callbacks import Clock, Customer, Executions


@pytest.fixture
def executions(now: Clock) -> Executions:
    pipeline.put_site()
    callbacks.create_state_machine()
    return Executions(now)


@pytest.fixture
def customer(executions: Executions) -> Iterator[Customer]:
    """An endpoint that takes everything, unless it is told otherwise."""
    with callbacks.customer() as server:
        yield server
