"""Prints template.yaml after SAM's transform, with parameters and conditions resolved.

Needs the Python of SAM's environment, which pins other releases than the project.
Usage: python scripts/expand_template.py [Parameter=value ...] [FunctionOrLayer=s3://bucket/key ...] [AWS::Region=cn-north-1]
With `-` it reads the arguments from standard input, a JSON list a line, and prints a line for each.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Sequence
from copy import deepcopy
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from samtranslator.translator.arn_generator import ArnGenerator
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).parents[1]
NO_VALUE: dict[str, Any] = {"Ref": "AWS::NoValue"}


def expand(given: dict[str, str]) -> dict[str, Any]:
    """Return the template without SAM resources, parameters and conditions.

    Args:
        given: values that replace defaults of parameters, and objects that `sam package` uploads for functions and layers.
    """
    template = deepcopy(_parsed())
    for logical_id, resource in template["Resources"].items():
        for name in {"CodeUri", "ContentUri", "DefinitionUri"} & set(resource.get("Properties", {})):
            # `sam package` replaces a local path like this.
            resource["Properties"][name] = given.get(logical_id, "s3://bucket/key")
    values = {name: given.get(name, parameter["Default"]) for name, parameter in template["Parameters"].items()}
    # As in CloudFormation: AWS::LanguageExtensions replaces parameters by their values before SAM sees them.
    template["Resources"] = _with_values(template["Resources"], values)
    template = transform(template, {}, SimpleNamespace(load=dict))
    template.pop("Parameters")
    true_conditions = {name for name, condition in template.pop("Conditions").items() if _is_true(condition, values)}
    template.pop("Rules")
    for section in ("Resources", "Outputs"):
        template[section] = {
            name: _resolve(entry, values, true_conditions)
            for name, entry in template[section].items()
            if "Condition" not in entry or entry.pop("Condition") in true_conditions
        }
    return dict(template)


@cache
def _parsed() -> dict[str, Any]:
    return dict(yaml_parse((ROOT / "template.yaml").read_text()))


def _with_values(part: Any, values: dict[str, Any]) -> Any:
    if isinstance(part, list):
        return [_with_values(item, values) for item in part]
    if not isinstance(part, dict):
        return part
    if set(part) == {"Ref"} and part["Ref"] in values:
        return values[part["Ref"]]
    return {name: _with_values(entry, values) for name, entry in part.items()}


def _is_true(condition: dict[str, Any], values: dict[str, Any]) -> bool:
    if "Fn::Not" in condition:
        return not _is_true(condition["Fn::Not"][0], values)
    parameter, value = condition["Fn::Equals"]
    return str(values[parameter["Ref"]]) == str(value)


def _resolve(part: Any, values: dict[str, Any], true_conditions: set[str]) -> Any:
    if isinstance(part, list):
        return [entry for entry in (_resolve(item, values, true_conditions) for item in part) if entry != NO_VALUE]
    if not isinstance(part, dict):
        return part
    if "Fn::If" in part:
        condition, if_true, if_false = part["Fn::If"]
        return _resolve(if_true if condition in true_conditions else if_false, values, true_conditions)
    if part.get("Ref") in values:
        return values[part["Ref"]]
    entries = {name: _resolve(entry, values, true_conditions) for name, entry in part.items()}
    return {name: entry for name, entry in entries.items() if entry != NO_VALUE}


def _expand_for(arguments: Sequence[str]) -> dict[str, Any]:
    given = dict(argument.split("=", 1) for argument in arguments)
    # SAM writes the partition of this region into the ARNs that it makes.
    os.environ["AWS_DEFAULT_REGION"] = ArnGenerator.BOTO_SESSION_REGION_NAME = given.get("AWS::Region", "us-east-1")
    return expand(given)


if __name__ == "__main__":
    # SAM asks for features that only AWS switches on.
    logging.getLogger("samtranslator.feature_toggle.feature_toggle").setLevel(logging.ERROR)
    if sys.argv[1:] == ["-"]:
        for line in sys.stdin:
            print(json.dumps(_expand_for(json.loads(line))), flush=True)
    else:
        print(json.dumps(_expand_for(sys.argv[1:]), indent=1))
