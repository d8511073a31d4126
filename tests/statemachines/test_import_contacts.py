"""The state machine ``import_contacts``: which tasks run, and how often."""

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
    """Functions that answer as the real ones do; those of ``failures`` fail once each time they are named."""
    answers, left = iter(outcomes), list(failures)

    def answer(function: str, payload: dict[str, Any]) -> dict[str, Any]:
        assert payload == START
        if function in left:
            left.remove(function)
            raise RuntimeError
        return {"outcome": next(answers)}

    return answer


@pytest.mark.parametrize(
    ("outcomes", "rows"),
    [(["failed"], 0), (["completed"], 0), (["running", "completed"], 1), (["running", "running", "running", "completed"], 3)],
)
def test_rows_are_imported_until_the_import_is_over(machine: Machine, outcomes: list[str], rows: int) -> None:
    assert machine.run(tasks(*outcomes), **START).status == "SUCCEEDED"
    assert machine.order == ["split_import", *["import_rows"] * rows]


@pytest.mark.parametrize("function", ["split_import", "import_rows"])
def test_a_task_that_fails_is_tried_again(machine: Machine, function: str) -> None:
    assert machine.run(tasks("running", "completed", failures=[function] * 2), **START).status == "SUCCEEDED"
    assert machine.order.count(function) == 3
