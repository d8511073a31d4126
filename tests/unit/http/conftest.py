"""The environment of a function, because errors have the address of the API."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _function_environment(variables: None) -> None:
    pass
