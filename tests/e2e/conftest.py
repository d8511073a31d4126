"""Fixtures for tests of the embedded stack, which is started once for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from local_stack import LocalStack, Settings
from local_stack.seeds import API_KEYS

from tests.support.client import Client
from tests.support.ports import free_port


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """The whole system as `make run` serves it, with permissions enforced.

    All tests share the stack. The contacts of each test have their own company, so that tests do not affect each other.
    ``base_url`` is the API, ``simulator_url`` the carrier simulator, and ``aws`` creates clients of the local AWS.
    """
    ports: dict[str, Any] = {name: free_port() for name in ("port", "aws_port", "carrier_port")}
    state = tmp_path_factory.mktemp("stack")
    with LocalStack(Settings(**ports, state_dir=state, outcome_checks="2,5,10")) as running:
        yield running


@pytest.fixture
def site(stack: LocalStack) -> Client:
    """A client of site 10000, which has channel accounts at both simulated carriers."""
    return Client(stack.base_url, API_KEYS["10000"])


@pytest.fixture
def other_site(stack: LocalStack) -> Client:
    """A client of site 20000, in which no test creates anything."""
    return Client(stack.base_url, API_KEYS["20000"])
