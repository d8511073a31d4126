"""Least privilege, proven: what a policy grants was used while the tests ran (the reverse, each test sees to itself)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.permissions import granted, granting, used_by_sources, written_down

# Made by `make permissions`; without it there is nothing to hold the policies against.
_FILE = Path(__file__).with_name("permissions.json")
USED = written_down(_FILE) if _FILE.exists() else {}


@pytest.mark.parametrize("path", USED)
def test_a_function_uses_all_that_it_may_do(path: str) -> None:
    used = {said for permission in USED[path] for said in granting(permission)}
    # Who makes a schedule passes a role along.
    implied = {("iam:PassRole", "")} if ("scheduler:CreateSchedule", "") in used else set()
    assert granted()[path] - used - implied - used_by_sources(path) == set()
