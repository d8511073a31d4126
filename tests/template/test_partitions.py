"""The stack can be deployed in every partition of AWS: nothing names one, or the domain of one."""

from __future__ import annotations

import json
import re
from pathlib import Path

import boto3
import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from tests.support.stack import STATE_MACHINE, expanded
from tests.support.template import ROOT, resources
from tests.template.test_stack import ALL_OPTIONS

SOURCES = [
    ROOT / "template.yaml",
    *sorted((ROOT / "statemachines").iterdir()),
    *(path for folder in ("functions", "layers", "scripts", "tools") for path in sorted((ROOT / folder).rglob("*.py"))),
]
# A host ends in another domain in China. A service's name as a principal does not, with the exceptions of CDK's table:
# https://github.com/aws/aws-cdk/blob/main/packages/aws-cdk-lib/region-info/lib/default.ts
PRINCIPALS = {f"{service}.amazonaws.com" for service in ("apigateway", "events", "lambda", "scheduler")}
# Without the secret ones, of which nothing is documented in public.
REGIONS = [
    region
    for partition in ("aws-cn", "aws-us-gov")
    for region in boto3.session.Session().get_available_regions("lambda", partition_name=partition)
]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_source_names_no_partition(path: Path) -> None:
    text = path.read_text()
    assert not re.findall(r"arn:aws\b.*", text)
    assert set(re.findall(r"[\w.-]+\.amazonaws\.com[\w.]*", text)) <= PRINCIPALS


def test_what_sam_adds_has_the_partition_of_the_region() -> None:
    options = [option for option in ALL_OPTIONS if not option.startswith("KmsKeyArn")]
    made = json.dumps(expanded(*options, "AWS::Region=cn-north-1"))
    assert set(re.findall(r"arn:(\$\{[^}]+}|[^:]+):", made)) == {"aws-cn", "${AWS::Partition}"}


@pytest.mark.parametrize("name", resources(STATE_MACHINE))
def test_a_definition_has_all_its_parameters(name: str) -> None:
    machine = resources(STATE_MACHINE)[name]
    used = set(re.findall(r"\$\{(\w+)}", (ROOT / machine["DefinitionUri"]).read_text()))
    assert used == set(machine["DefinitionSubstitutions"])
    assert machine["DefinitionSubstitutions"]["Partition"] == {"Ref": "AWS::Partition"}


@pytest.mark.parametrize("region", REGIONS)
def test_a_region_of_another_partition_has_every_type_of_resource_but_a_budget(region: str) -> None:
    made = {entry["Type"] for entry in expanded(*ALL_OPTIONS).values()}
    assert made - set(PROVIDER_SCHEMA_MANAGER.get_resource_types(region)) <= {"AWS::Budgets::Budget"}
