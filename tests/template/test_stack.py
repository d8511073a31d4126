"""The stack as a whole."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import pytest

from outreach.settings import Settings
from scripts import make_routes
from tests.support.stack import expanded, functions
from tests.support.template import BUCKET, QUEUE, ROOT, TABLE, resources, template

# CloudFormation ends at 500; the rest is room for the gateway's deployments and for what is to come.
MAX_RESOURCES = 450
# What SAM adds to a role by itself: writing logs, and reading the function's event source.
EXECUTION_POLICIES = {"AWSLambdaBasicExecutionRole", "AWSLambdaSQSQueueExecutionRole", "AWSLambdaDynamoDBExecutionRole"}


def test_no_resource_that_sam_makes_up_has_the_name_of_a_parameter() -> None:
    assert set(expanded()) & set(template()["Parameters"]) == set()


def test_the_stack_fits_into_one() -> None:
    assert len(functions()) < len(expanded()) < MAX_RESOURCES


def test_a_role_has_no_managed_policy_but_those_of_execution() -> None:
    roles = [resource["Properties"] for resource in expanded().values() if resource["Type"] == "AWS::IAM::Role"]
    attached = {arn.rsplit("/", 1)[1] for role in roles for arn in role.get("ManagedPolicyArns", [])}
    assert attached <= EXECUTION_POLICIES


def value(node: Any, parameters: Mapping[str, str]) -> Any:
    """What CloudFormation makes of a condition."""
    match node:
        case {"Ref": name}:
            return parameters[name]
        case {"Fn::Equals": [one, other]}:
            return value(one, parameters) == value(other, parameters)
        case {"Fn::Not": [condition]}:
            return not value(condition, parameters)
    return node


def chosen(given: Mapping[str, str]) -> dict[str, str]:
    """All parameters: what is given, and the defaults."""
    return {name: str(entry["Default"]) for name, entry in template()["Parameters"].items()} | dict(given)


def refusals(given: Mapping[str, str]) -> list[str]:
    """What CloudFormation says to parameters before it deploys anything."""
    rules = [rule for rule in template()["Rules"].values() if value(rule["RuleCondition"], chosen(given))]
    checks = [check for rule in rules for check in rule["Assertions"]]
    return [check["AssertDescription"] for check in checks if not value(check["Assert"], chosen(given))]


def production() -> dict[str, str]:
    """The parameters of the profile `prod`."""
    given = tomllib.loads((ROOT / "samconfig.toml").read_text())["prod"]["deploy"]["parameters"]["parameter_overrides"]
    return dict(pair.split("=") for pair in given.split())


DOMAIN = {"DomainName": "api.example.com"}
CERTIFICATE = {"CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/1"}


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, None),
        (production(), "AlarmEmail"),
        (production() | {"AlarmEmail": "oncall@example.com"}, None),
        (DOMAIN, "CertificateArn"),
        (DOMAIN | CERTIFICATE, None),
    ],
)
def test_parameters_that_need_another_say_which(given: dict[str, str], missing: str | None) -> None:
    found = refusals(given)
    assert len(found) == (missing is not None)
    assert all(str(missing) in text for text in found)


@pytest.mark.parametrize(("given", "there"), [({}, False), (DOMAIN | CERTIFICATE, True)])
def test_a_domain_is_there_when_it_has_a_name(given: dict[str, str], there: bool) -> None:
    made = expanded(*(f"{name}={parameter}" for name, parameter in given.items()))
    assert {name in made for name in ("ApiDomain", "ApiDomainMapping")} == {there}


def test_the_functions_get_the_variables_that_the_settings_read() -> None:
    given = set(template()["Globals"]["Function"]["Environment"]["Variables"])
    own = {name for name in given if not name.startswith("POWERTOOLS_")}
    assert own == {field.name.upper() for field in fields(Settings)}


def test_both_gateways_are_throttled_and_the_api_says_when_to_come_again() -> None:
    stages = {resource["Type"]: resource["Properties"] for resource in expanded().values()}
    (settings,) = stages["AWS::ApiGateway::Stage"]["MethodSettings"]
    assert (settings["ResourcePath"], settings["HttpMethod"]) == ("/*", "*")
    for limits in (settings, stages["AWS::ApiGatewayV2::Stage"]["DefaultRouteSettings"]):
        assert limits["ThrottlingRateLimit"]
        assert limits["ThrottlingBurstLimit"]
    answers = resources("AWS::Serverless::Api")["Api"]["GatewayResponses"]
    for name in ("THROTTLED", "QUOTA_EXCEEDED"):
        assert answers[name]["ResponseParameters"]["Headers"]["Retry-After"] == "'1'"


@pytest.mark.parametrize("name", resources(TABLE))
def test_a_table_can_be_restored(name: str) -> None:
    table = resources(TABLE)[name]
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["BillingMode"] == "PAY_PER_REQUEST"


@pytest.mark.parametrize("name", [*resources(TABLE), *resources(BUCKET)])
def test_the_parameter_decides_whether_data_outlives_the_stack(name: str) -> None:
    resource = template()["Resources"][name]
    assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == {"Ref": "DataRetention"}


def test_queues_are_not_of_the_kind_that_has_no_delay_of_single_messages() -> None:
    assert [name for name, queue in resources(QUEUE).items() if queue.get("FifoQueue")] == []


def test_the_table_of_routes_is_that_of_the_template() -> None:
    assert make_routes.TARGET.read_text() == make_routes.text(), "run: make generated"
