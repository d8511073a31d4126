"""Policies grant only named actions on named resources."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.stack import STATE_MACHINE, as_list, statements, target
from tests.support.template import resources

# Actions without resources in IAM (Service Authorization Reference), which alone may have "*". The template uses none of them.
WITHOUT_RESOURCE: frozenset[str] = frozenset()

STATEMENTS = [pytest.param(statement, id=f"{owner}-{as_list(statement['Action'])[0]}") for owner, statement in statements()]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_statement_names_its_actions_and_resources(statement: dict[str, Any]) -> None:
    actions, locations = as_list(statement["Action"]), [json.dumps(entry) for entry in as_list(statement["Resource"])]
    assert [action for action in actions if "*" in action] == []
    if not WITHOUT_RESOURCE.issuperset(actions):
        assert [resource for resource in locations if resource.startswith('"') or '{"Fn::Sub": "*' in resource] == []


def test_a_state_machine_may_only_invoke_its_tasks() -> None:
    for machine in resources(STATE_MACHINE).values():
        (policy,) = machine["Policies"]
        (statement,) = policy["Statement"]
        tasks = {target(value) for name, value in machine["DefinitionSubstitutions"].items() if name != "Partition"}
        assert statement["Action"] == "lambda:InvokeFunction"
        assert {target(resource) for resource in as_list(statement["Resource"])} == tasks
