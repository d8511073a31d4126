"""Each endpoint and worker has a folder, an entry in the template, a sample event, layers and permissions."""

from __future__ import annotations

from fnmatch import fnmatch
from functools import cache
from typing import Any

import pytest

from tests.support import import_closure
from tests.support.stack import LAYER, event_file, events, expanded, folder, functions, snake_case, target
from tests.support.template import ROOT, resources, template

FUNCTIONS = functions()
GUIDE = 'see docs/contributing.md, "Add an endpoint"'
SHARED_LAYERS = ["OutreachLayer", "CoreLayer"]
# The Lambda runtime includes these packages.
RUNTIME = {"boto3", "botocore", "urllib3"}

# Slow imports, and the folders of the functions that may import them at their start.
SLOW_IMPORTS = {
    "aws_lambda_powertools.event_handler": [
        "contacts/*",
        "outreach/*",
        "sites/*",
        "ticketing/*",
        "unichannel/*",
        "api/get_list_result",
        "api/route_not_found",
    ],
    "aws_lambda_powertools.tracing": [],
    "liquid": [],
    "pydantic": [
        "contacts/*",
        "outreach/*",
        "sites/*",
        "ticketing/*",
        "unichannel/*",
        "api/get_list_result",
        "workers/deliver_callback",
        "workers/import_rows",
        "workers/publish_events",
        "workers/retry_callbacks",
    ],
    "chardet": [],
    "chardetng_py": [],
    "openpyxl": ["contacts/get_import_template"],
    "standardwebhooks": ["workers/deliver_callback", "workers/retry_callbacks"],
    "requests_hardened": ["workers/deliver_callback", "workers/retry_callbacks", "workers/split_import"],
    "nacl": ["webhooks/receive_telnyx"],
}


@cache
def imported_modules(name: str) -> set[str]:
    """All modules that a function imports."""
    return import_closure.closure(folder(FUNCTIONS[name]) / "app.py")


@cache
def modules_at_start(name: str) -> set[str]:
    """The modules that a function imports at its start."""
    return import_closure.closure(folder(FUNCTIONS[name]) / "app.py", deferred=False)


def imports_at_start(name: str, module: str) -> bool:
    """Whether a function imports a module or one of its submodules at its start."""
    return any(f"{imported}.".startswith(f"{module}.") for imported in modules_at_start(name))


def matching(patterns: list[str]) -> set[str]:
    """The functions whose folders match a pattern."""
    return {
        name for name in FUNCTIONS for pattern in patterns if fnmatch(str(FUNCTIONS[name]["CodeUri"]), f"functions/{pattern}")
    }


def distributions_in(layer: str) -> set[str]:
    """The distributions that a layer contains."""
    lines = (ROOT / resources(LAYER)[layer]["ContentUri"] / "requirements.in").read_text().splitlines()
    return {import_closure.normalised(line) for line in lines if line and not line.startswith("#")}


def test_every_folder_has_a_template_entry_and_every_entry_a_folder() -> None:
    folders = {str(path.parent.relative_to(ROOT)) for path in ROOT.glob("functions/*/*/app.py")}
    entries = {str(function["CodeUri"]) for function in FUNCTIONS.values()}
    assert folders == entries, f'{GUIDE}, "Template": {folders ^ entries}'


def test_every_function_has_an_event_file_and_every_event_file_a_function() -> None:
    files, wanted = (
        {path.name for path in (ROOT / "events").iterdir()},
        {event_file(function).name for function in FUNCTIONS.values()},
    )
    assert files == wanted, f'{GUIDE}, "Descriptions": {files ^ wanted}'


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_entry_is_named_after_its_folder(name: str) -> None:
    assert folder(FUNCTIONS[name]).name == snake_case(name)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_has_its_own_policy_exactly_if_it_calls_aws(name: str) -> None:
    policies: list[Any] = FUNCTIONS[name].get("Policies", [])
    assert bool(policies) == ("outreach.aws" in imported_modules(name))
    # A string is a managed policy and another mapping is a SAM policy template; both grant more than a function uses.
    assert [policy for policy in policies if isinstance(policy, str) or set(policy) != {"Statement"}] == []
    # Those without permissions share a role; each of the others has its own, which SAM makes of its policies.
    assert FUNCTIONS[name].get("Role") == (None if policies else {"Fn::GetAtt": ["PageRole", "Arn"]})


def test_all_functions_log_to_the_log_group_with_limited_retention() -> None:
    made = expanded("LogRetentionDays=30").values()
    logs = [entry["Properties"]["LoggingConfig"]["LogGroup"] for entry in made if entry["Type"] == "AWS::Lambda::Function"]
    assert logs == [{"Ref": "FunctionLogs"}] * len(FUNCTIONS)
    groups = resources("AWS::Logs::LogGroup")
    assert {target(group["RetentionInDays"]) for group in groups.values()} == {"LogRetentionDays"}
    # The statement for a key of your own (docs/deploy.md) is for groups with this beginning.
    assert groups["FunctionLogs"]["LogGroupName"]["Fn::Sub"].startswith("/aws/lambda/${AWS::StackName}/")


@pytest.mark.parametrize("level", template()["Parameters"]["LogLevel"]["AllowedValues"])
def test_lambda_keeps_metrics_at_every_level_and_lines_at_debug(level: str) -> None:
    """Lambda drops lines below its own level, whatever a function lets pass. A metric is a line of the level INFO."""
    made = [entry["Properties"] for entry in expanded(f"LogLevel={level}").values() if entry["Type"] == "AWS::Lambda::Function"]
    kept = {(entry["LoggingConfig"]["LogFormat"], entry["LoggingConfig"]["ApplicationLogLevel"]) for entry in made}
    assert kept == {("JSON", "DEBUG" if level == "DEBUG" else "INFO")}
    assert {entry["Environment"]["Variables"]["POWERTOOLS_LOG_LEVEL"] for entry in made} == {level}


def test_a_function_that_calls_anything_silences_the_libraries_first() -> None:
    """The import of outreach.observability does, because botocore and urllib3 would log bodies and secrets at DEBUG."""
    assert {name for name in FUNCTIONS if imports_at_start(name, "outreach.observability")} == {
        name for name in FUNCTIONS if imported_modules(name) & {"boto3", "requests", "urllib3"}
    } | {"RouteNotFound"}


@pytest.mark.parametrize("name", sorted({name for name, _ in events("Schedule")}))
def test_a_run_by_schedule_is_not_repeated_next_to_the_following_one(name: str) -> None:
    assert FUNCTIONS[name]["EventInvokeConfig"]["MaximumRetryAttempts"] == 0


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_has_exactly_the_layers_that_its_imports_need(name: str) -> None:
    layers = [target(layer) for layer in FUNCTIONS[name]["Layers"]]
    needed = import_closure.distributions(imported_modules(name)) - RUNTIME
    missing = needed - set[str]().union(*(distributions_in(layer) for layer in layers if layer != "OutreachLayer"))
    unused = [layer for layer in layers if layer not in SHARED_LAYERS and not distributions_in(layer) & needed]
    assert (missing, unused) == (set(), [])


@pytest.mark.parametrize("module", SLOW_IMPORTS)
def test_only_the_listed_functions_import_a_slow_module_at_start(module: str) -> None:
    assert {name for name in FUNCTIONS if imports_at_start(name, module)} == matching(SLOW_IMPORTS[module])
