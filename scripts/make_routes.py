"""Write the table from which unmatched requests are answered with 404 or 405, from the routes of template.yaml."""

from __future__ import annotations

import json
from pathlib import Path

from cfnlint.decode.cfn_yaml import load

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "functions/api/route_not_found/routes.json"


def routes() -> list[list[str]]:
    """Method and path of every route of the REST API but the catch-all."""
    functions = [
        resource["Properties"]
        for resource in load(str(ROOT / "template.yaml"))["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
    ]
    events = [event["Properties"] for entry in functions for event in entry.get("Events", {}).values() if event["Type"] == "Api"]
    return sorted([event["Method"].upper(), event["Path"]] for event in events if event["Path"] != "/{proxy+}")


def text() -> str:
    return "[\n" + ",\n".join(f"  {json.dumps(route)}" for route in routes()) + "\n]\n"


if __name__ == "__main__":
    TARGET.write_text(text())
    print(f"{TARGET.relative_to(ROOT)}: {len(routes())} routes")
