"""One endpoint or worker = one folder = one function = one entry in the template, with all that belongs to it."""

from __future__ import annotations

from fnmatch import fnmatch
from functools import cache
from typing import Any

import pytest

from tests.support import imports
from tests.support.stack import LAYER, event_file, folder, functions, snake_case, target
from tests.support.template import ROOT, resources

FUNCTIONS = functions()
SHARED_LAYERS = ["OutreachLayer", "CoreLayer"]
# The Lambda runtime brings them.
RUNTIME = {"boto3", "botocore", "urllib3"}

# What takes long to import, and which functions (by their folders) do so before their first request; nobody else must.
HEAVY = {
    "aws_lambda_powertools.event_handler": [
        "contacts/*",
        "outreach/*",
        "ticketing/*",
        "unichannel/*",
        "api/route_not_found",
    ],
    "aws_lambda_powertools.tracing": [],
    "liquid": [],
    "pydantic": [
        "contacts/*",
        "outreach/*",
        "ticketing/*",
        "unichannel/*",
        "workers/deliver_callback",
        "workers/import_rows",
        "workers/retry_callbacks",
    ],
    "openpyxl": ["contacts/get_import_template"],
    "standardwebhooks": ["workers/deliver_callback", "workers/retry_callbacks"],
    "requests_hardened": ["workers/deliver_callback", "workers/retry_callbacks", "workers/split_import"],
    "nacl": ["unichannel/*", "webhooks/receive_telnyx", "workers/send_messages", "workers/sweep"],
}


@cache
def needs(name: str) -> set[str]:
    """The modules that a function imports."""
    return imports.closure(folder(FUNCTIONS[name]) / "app.py")


@cache
def starts_with(name: str) -> set[str]:
    """The modules that importing a function's module imports."""
    return imports.closure(folder(FUNCTIONS[name]) / "app.py", deferred=False)


def imports_at_start(name: str, module: str) -> bool:
    """Whether importing a function's module imports another one."""
    return any(f"{one}.".startswith(f"{module}.") for one in starts_with(name))


def matching(patterns: list[str]) -> set[str]:
    """The functions whose folders match."""
    return {
        name for name in FUNCTIONS for pattern in patterns if fnmatch(str(FUNCTIONS[name]["CodeUri"]), f"functions/{pattern}")
    }


def gives(layer: str) -> set[str]:
    """The distributions of a layer."""
    lines = (ROOT / resources(LAYER)[layer]["ContentUri"] / "requirements.in").read_text().splitlines()
    return {imports.normalised(line) for line in lines if line and not line.startswith("#")}


def test_every_folder_has_an_entry_and_every_entry_a_folder() -> None:
    folders = {str(path.parent.relative_to(ROOT)) for path in ROOT.glob("functions/*/*/app.py")}
    assert folders == {str(function["CodeUri"]) for function in FUNCTIONS.values()}


def test_every_function_has_an_event_file_and_every_event_file_a_function() -> None:
    assert {path.name for path in (ROOT / "events").iterdir()} == {event_file(function).name for function in FUNCTIONS.values()}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_entry_is_named_after_its_folder(name: str) -> None:
    assert folder(FUNCTIONS[name]).name == snake_case(name)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_that_calls_aws_has_permissions_of_its_own(name: str) -> None:
    policies: list[Any] = FUNCTIONS[name].get("Policies", [])
    assert bool(policies) == ("outreach.aws" in needs(name))
    # A string is a managed policy, another mapping a template of SAM: both allow more than what is used.
    assert [policy for policy in policies if isinstance(policy, str) or set(policy) != {"Statement"}] == []
    assert "Role" not in FUNCTIONS[name]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_writes_to_a_log_group_that_forgets(name: str) -> None:
    assert target(FUNCTIONS[name]["LoggingConfig"]["LogGroup"]) == f"{name}Logs"
    group = resources("AWS::Logs::LogGroup")[f"{name}Logs"]
    assert group["LogGroupName"]["Fn::Sub"] == f"/aws/lambda/${{AWS::StackName}}/{name}"
    assert target(group["RetentionInDays"]) == "LogRetentionDays"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_lists_the_layers_that_its_imports_need_and_no_other(name: str) -> None:
    layers = [target(layer) for layer in FUNCTIONS[name]["Layers"]]
    wanted = imports.distributions(needs(name)) - RUNTIME
    missing = wanted - set[str]().union(*(gives(layer) for layer in layers if layer != "OutreachLayer"))
    idle = [layer for layer in layers if layer not in SHARED_LAYERS and not gives(layer) & wanted]
    assert (missing, idle) == (set(), [])


@pytest.mark.parametrize("module", HEAVY)
def test_a_heavy_module_is_imported_at_start_by_those_alone_that_use_it(module: str) -> None:
    assert {name for name in FUNCTIONS if imports_at_start(name, module)} == matching(HEAVY[module])
