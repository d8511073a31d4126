"""The template's functions and permissions, as the template's own tests ask for them."""

from __future__ import annotations

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


def functions() -> dict[str, dict[str, Any]]:
    """Logical id → properties of every function; those that ``Globals`` gives are in, layers of both together (as SAM does)."""
    shared = template()["Globals"]["Function"]
    return {
        name: {**shared, **own, "Layers": [*shared["Layers"], *own.get("Layers", [])]}
        for name, own in resources(FUNCTION).items()
    }


@cache
def expanded(*parameters: str) -> dict[str, Any]:
    """The resources as CloudFormation makes them, with parameters (``Name=value``) beside the defaults."""
    command = [SAM.with_name("python"), ROOT / "scripts" / "expand_template.py", *parameters]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own script
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout)["Resources"])


def folder(function: Mapping[str, Any]) -> Path:
    """Where a function's ``app.py`` is."""
    return ROOT / str(function["CodeUri"])


def event_file(function: Mapping[str, Any]) -> Path:
    """The sample event of a function."""
    return ROOT / "events" / f"{folder(function).name}.json"


def events(kind: str) -> list[tuple[str, dict[str, Any]]]:
    """Function and properties of every event of a type (``Api``, ``SQS``, ``DynamoDB``, ``Schedule``)."""
    return [
        (name, event["Properties"])
        for name, function in functions().items()
        for event in function.get("Events", {}).values()
        if event["Type"] == kind
    ]


def statements() -> Iterator[tuple[str, dict[str, Any]]]:
    """Owner and statement of every inline policy of the functions and state machines."""
    for name, owner in (resources(FUNCTION) | resources(STATE_MACHINE)).items():
        for policy in owner.get("Policies", []):
            for statement in policy["Statement"]:
                # What only an option allows is held to the same rules.
                yield name, statement["Fn::If"][1] if "Fn::If" in statement else statement


def target(value: Mapping[str, Any]) -> str:
    """The logical id that a ``Ref`` or ``Fn::GetAtt`` points at."""
    return str(value["Ref"] if "Ref" in value else value["Fn::GetAtt"][0])


def as_list(value: Any) -> list[Any]:
    """What CloudFormation takes as one or as a list."""
    return value if isinstance(value, list) else [value]


def snake_case(name: str) -> str:
    """``GetCampaign`` → ``get_campaign``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
