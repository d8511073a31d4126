"""The embedded stack, started once for all tests that need it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from local_stack import LocalStack, Settings
from local_stack.seeds import API_KEYS

from tests.support.client import Client
from tests.support.ports import free_port


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """The whole system as `make run` serves it, permissions enforced.

    All tests share it: what a test makes must be told from what others make, so its contacts have a company of their own.
    See ``base_url``, ``simulator_url``, and ``aws`` with its clients for what is inside.
    """
    ports = {name: free_port() for name in ("port", "aws_port", "carrier_port")}
    state = tmp_path_factory.mktemp("stack")
    with LocalStack(Settings(**ports, state_dir=state, outcome_checks="2,5,10")) as running:
        yield running


@pytest.fixture
def site(stack: LocalStack) -> Client:
    """A client of site 10000, which has accounts at both simulated carriers."""
    return Client(stack.base_url, API_KEYS["10000"])


@pytest.fixture
def other_site(stack: LocalStack) -> Client:
    """A client of site 20000, in which no test makes anything."""
    return Client(stack.base_url, API_KEYS["20000"])
