"""Least privilege, proven: what a policy grants was used while the tests ran (the reverse, each test sees to itself)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.permissions import Permission, granted, used_by_sources, written_down

# Made by `make permissions`.
USED = written_down(Path(__file__).with_name("permissions.json"))

# Granted, and never seen in a test in one process: only real AWS asks for it.
UNSEEN: dict[str, set[Permission]] = {}


@pytest.mark.parametrize("path", granted())
def test_a_function_uses_all_that_it_may_do(path: str) -> None:
    idle = granted()[path] - USED.get(path, set()) - used_by_sources(path) - UNSEEN.get(path, set())
    assert idle == set()
