"""Writes the table of routes in template.yaml, from which unmatched requests get a 404 or a 405."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cfnlint.decode.cfn_yaml import load

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "layers/outreach/outreach/http/routes.json"


def routes() -> list[list[str]]:
    """List method and path of every route of both APIs except the catch-alls."""
    resources = list(load(str(ROOT / "template.yaml"))["Resources"].values())
    functions = _properties(resources, "AWS::Serverless::Function")
    rest = [route for entry in functions for route in _routes_of(entry) if route[1] != "/{proxy+}"]
    webhooks = [str(route["RouteKey"]).split() for route in _properties(resources, "AWS::ApiGatewayV2::Route")]
    return sorted([*rest, *(route for route in webhooks if route != ["$default"])])


def _routes_of(function: dict[str, Any]) -> Iterator[list[str]]:
    """Yield the routes of a function, one for each verb that its docstring describes."""
    docstring = ast.get_docstring(ast.parse((ROOT / function["CodeUri"] / "app.py").read_text())) or ""
    verbs = re.findall(r"^\w+(?=: )", docstring, re.MULTILINE) if "{id}:<verb>" in docstring else []
    for event in function.get("Events", {}).values():
        if event["Type"] == "Api":
            method, path = event["Properties"]["Method"].upper(), event["Properties"]["Path"]
            yield from [[method, f"{path}:{verb}"] for verb in verbs] or [[method, path]]


def _properties(resources: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [resource["Properties"] for resource in resources if resource["Type"] == kind]


def text() -> str:
    return "[\n" + ",\n".join(f"  {json.dumps(route)}" for route in routes()) + "\n]\n"


if __name__ == "__main__":
    TARGET.write_text(text())
    print(f"{TARGET.relative_to(ROOT)}: {len(routes())} routes")
