"""Print template.yaml as CloudFormation makes its resources: SAM's transform done, parameters and conditions filled in.

Runs in the environment of SAM, whose pins are not the project's. Usage: python scripts/expand_template.py [Parameter=value ...]
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).parents[1]
NOTHING: dict[str, Any] = {"Ref": "AWS::NoValue"}


def expanded(parameters: dict[str, str]) -> dict[str, Any]:
    """The template without SAM's shorthand, parameters and conditions.

    Args:
        parameters: those that are not to have their defaults.
    """
    template: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())
    for resource in template["Resources"].values():
        for name in {"CodeUri", "ContentUri", "DefinitionUri"} & set(resource.get("Properties", {})):
            # What `sam package` makes of a local path.
            resource["Properties"][name] = "s3://bucket/key"
    template = transform(template, {}, SimpleNamespace(load=dict))
    values = {name: parameter["Default"] for name, parameter in template.pop("Parameters").items()} | parameters
    holding = {name for name, condition in template.pop("Conditions").items() if _holds(condition, values)}
    template.pop("Rules")
    for section in ("Resources", "Outputs"):
        template[section] = {
            name: _filled_in(entry, values, holding)
            for name, entry in template[section].items()
            if "Condition" not in entry or entry.pop("Condition") in holding
        }
    return template


def _holds(condition: dict[str, Any], values: dict[str, Any]) -> bool:
    if "Fn::Not" in condition:
        return not _holds(condition["Fn::Not"][0], values)
    parameter, value = condition["Fn::Equals"]
    return bool(values[parameter["Ref"]] == value)


def _filled_in(part: Any, values: dict[str, Any], holding: set[str]) -> Any:
    if isinstance(part, list):
        return [entry for entry in (_filled_in(one, values, holding) for one in part) if entry != NOTHING]
    if not isinstance(part, dict):
        return part
    if "Fn::If" in part:
        condition, there, otherwise = part["Fn::If"]
        return _filled_in(there if condition in holding else otherwise, values, holding)
    if part.get("Ref") in values:
        return values[part["Ref"]]
    entries = {name: _filled_in(entry, values, holding) for name, entry in part.items()}
    return {name: entry for name, entry in entries.items() if entry != NOTHING}


if __name__ == "__main__":
    os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
    print(json.dumps(expanded(dict(argument.split("=", 1) for argument in sys.argv[1:])), indent=1))
