"""Functions, events and policies of template.yaml, for the tests of the template."""

from __future__ import annotations

import atexit
import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from local_stack.sam import SAM

from tests.support.template import ROOT, resources, template

FUNCTION = "AWS::Serverless::Function"
STATE_MACHINE = "AWS::Serverless::StateMachine"
LAYER = "AWS::Serverless::LayerVersion"
# The alias that callers of some functions call.
ALIAS = "live"


def functions() -> dict[str, dict[str, Any]]:
    """The properties of every function by logical id, merged with ``Globals`` as SAM merges them: lists of layers are joined."""
    shared = template()["Globals"]["Function"]
    return {
        name: {**shared, **own, "Layers": [*shared["Layers"], *own.get("Layers", [])]}
        for name, own in resources(FUNCTION).items()
    }


def live_functions() -> list[str]:
    """The functions that callers call by their alias (logical ids)."""
    return [name for name, function in functions().items() if function.get("AutoPublishAlias") == ALIAS]


@cache
def expanded(*parameters: str) -> dict[str, Any]:
    """The resources that CloudFormation creates, by logical id.

    Args:
        parameters: values that differ from the defaults, as ``Name=value``; also the uploaded object of a function or layer.
    """
    expander = _expander()
    assert expander.stdin
    assert expander.stdout
    expander.stdin.write(json.dumps(parameters) + "\n")
    expander.stdin.flush()
    line = expander.stdout.readline()
    assert line, "scripts/expand_template.py has ended; its error is above"
    return dict(json.loads(line)["Resources"])


@cache
def _expander() -> subprocess.Popen[str]:
    """SAM in a process that stays, because it takes longer to start than to expand the template. It ends with the tests."""
    command = [str(SAM.with_name("python")), str(ROOT / "scripts" / "expand_template.py"), "-"]
    expander = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own script
    atexit.register(expander.communicate)
    return expander


def folder(function: Mapping[str, Any]) -> Path:
    """The folder of a function's ``app.py``."""
    return ROOT / str(function["CodeUri"])


def event_file(function: Mapping[str, Any]) -> Path:
    """The sample event of a function."""
    return ROOT / "events" / f"{folder(function).name}.json"


def events(kind: str) -> list[tuple[str, dict[str, Any]]]:
    """The events of a type (``Api``, ``Schedule``, ``EventBridgeRule``), each with the logical id of its function."""
    return [
        (name, event["Properties"])
        for name, function in functions().items()
        for event in function.get("Events", {}).values()
        if event["Type"] == kind
    ]


def consumers(kind: str) -> list[tuple[str, str, dict[str, Any]]]:
    """The functions that Lambda feeds from a kind of resource: the function, its source (logical ids) and the mapping."""
    return [
        (target(mapping["FunctionName"]), target(mapping["EventSourceArn"]), mapping)
        for mapping in resources("AWS::Lambda::EventSourceMapping").values()
        if target(mapping["EventSourceArn"]) in resources(kind)
    ]


def matches_filter(pattern: Any, value: Any) -> bool:
    """Whether a filter pattern of an event source mapping holds (AWS Lambda, "Filter rule syntax")."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(
            key in value and matches_filter(entry, value[key]) for key, entry in pattern.items()
        )
    return any(
        value == rule if isinstance(rule, str) else rule.get("exists") or value.startswith(rule["prefix"]) for rule in pattern
    )


def statements() -> Iterator[tuple[str, dict[str, Any]]]:
    """All statements of the functions' and state machines' inline policies, each with the logical id of its owner."""
    for name, owner in (resources(FUNCTION) | resources(STATE_MACHINE)).items():
        for policy in owner.get("Policies", []):
            for statement in policy["Statement"]:
                # A statement that depends on a parameter follows the same rules.
                yield name, (statement["Fn::If"][1] if "Fn::If" in statement else statement)


def references(node: Any) -> Iterator[str]:
    """The names to which a part of the template refers: resources and parameters, without attributes."""
    if isinstance(node, list):
        for entry in node:
            yield from references(entry)
    if not isinstance(node, dict):
        return
    for name, content in node.items():
        if name == "Ref":
            yield str(content)
        elif name == "Fn::GetAtt":
            yield str(content[0] if isinstance(content, list) else content.partition(".")[0])
        elif name == "DependsOn":
            yield from [content] if isinstance(content, str) else content
        elif name == "Fn::Sub":
            text, own = content if isinstance(content, list) else (content, {})
            yield from {part.partition(".")[0] for part in re.findall(r"\$\{([^!}][^}]*)}", text)} - set(own)
            yield from references(own)
        else:
            yield from references(content)


def target(value: Mapping[str, Any]) -> str:
    """The logical id that a ``Ref`` or ``Fn::GetAtt`` refers to."""
    return str(value["Ref"] if "Ref" in value else value["Fn::GetAtt"][0])


def as_list(value: Any) -> list[Any]:
    """A value that CloudFormation accepts alone or in a list, as a list."""
    return value if isinstance(value, list) else [value]


def snake_case(name: str) -> str:
    """``GetCampaign`` → ``get_campaign``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
