"""The order and number of tasks in the state machine ``import_contacts``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests.statemachines.conftest import Machine, Task

START = {"site_id": "10000", "import_id": "i"}


@pytest.fixture
def definition() -> str:
    return "ImportContactsMachine"


def tasks(*outcomes: str, failures: Sequence[str] = ()) -> Task:
    """Stubs of the functions.

    Args:
        outcomes: the outcomes that the stubs return, one after another.
        failures: the functions that fail; one entry for each failure.
    """
    remaining_outcomes, remaining_failures = iter(outcomes), list(failures)

    def invoke(function: str, payload: dict[str, Any]) -> dict[str, Any]:
        assert payload == START
        if function in remaining_failures:
            remaining_failures.remove(function)
            raise RuntimeError
        return {"outcome": next(remaining_outcomes)}

    return invoke


@pytest.mark.parametrize(
    ("outcomes", "rows"),
    [(["failed"], 0), (["completed"], 0), (["running", "completed"], 1), (["running", "running", "running", "completed"], 3)],
)
def test_rows_are_imported_until_the_import_is_finished(machine: Machine, outcomes: list[str], rows: int) -> None:
    assert machine.run(tasks(*outcomes), **START).status == "SUCCEEDED"
    assert machine.order == ["split_import", *["import_rows"] * rows]


@pytest.mark.parametrize("function", ["split_import", "import_rows"])
def test_a_failed_task_is_retried(machine: Machine, function: str) -> None:
    assert machine.run(tasks("running", "completed", failures=[function] * 2), **START).status == "SUCCEEDED"
    assert machine.order.count(function) == 3
