"""Print template.yaml as CloudFormation gets it. Runs in the environment of SAM, whose pins are not the project's."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse


def main(source: str) -> None:
    template: dict[str, Any] = yaml_parse(Path(source).read_text())
    for resource in template["Resources"].values():
        for name in {"CodeUri", "ContentUri", "DefinitionUri"} & set(resource.get("Properties", {})):
            # What `sam package` makes of a local path.
            resource["Properties"][name] = "s3://bucket/key"
    print(json.dumps(transform(template, {}, SimpleNamespace(load=dict))))  # noqa: T201


if __name__ == "__main__":
    os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
    main(sys.argv[1])
