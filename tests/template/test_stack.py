"""The stack as a whole: size, roles, parameters, conditions and data protection."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import boto3
import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from outreach.http.headers import SECURITY
from outreach.settings import Settings
from scripts import deploy_guard, make_routes
from tests.support.gateway import REQUEST_ID, gateway_problem
from tests.support.stack import expanded, functions, references
from tests.support.template import BUCKET, QUEUE, ROOT, TABLE, resources, template

# CloudFormation allows 500; the difference leaves room for the gateway's deployments and for new resources.
MAX_RESOURCES = 480
# The managed policy that SAM adds to every role: to write logs. Those that it adds for sources read all queues of the account.
EXECUTION_POLICIES = {"AWSLambdaBasicExecutionRole"}
# The values that switch on every optional resource, as the checks of `make lint` have them.
(_OPTIONS,) = re.findall(r"^ALL_OPTIONS := ((?:.*\\\n)*.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
ALL_OPTIONS = tuple(_OPTIONS.replace("\\", "").split())


def test_no_generated_resource_has_the_name_of_a_parameter() -> None:
    assert set(expanded()) & set(template()["Parameters"]) == set()


def test_the_stack_stays_below_the_limits_of_resources_and_of_a_template() -> None:
    count = len(expanded(*ALL_OPTIONS))
    assert len(functions()) < count
    assert count < MAX_RESOURCES, (
        f'{count} resources. A function has three with its route (docs/decisions.md, "One log group for all functions")'
    )
    assert len(json.dumps(expanded(*ALL_OPTIONS))) < 1_000_000


def test_all_options_switch_on_every_conditional_resource() -> None:
    conditional = {name for name, resource in template()["Resources"].items() if "Condition" in resource}
    assert conditional <= set(expanded(*ALL_OPTIONS))


def test_a_role_has_only_the_managed_policy_for_logs() -> None:
    roles = [entry["Properties"] for entry in expanded(*ALL_OPTIONS).values() if entry["Type"] == "AWS::IAM::Role"]
    arns = [arn for role in roles for arn in role.get("ManagedPolicyArns", [])]
    names = [(arn["Fn::Sub"] if isinstance(arn, dict) else arn).rsplit("/", 1)[1] for arn in arns]
    assert set(names) <= EXECUTION_POLICIES


def test_no_reference_needs_a_resource_that_only_sam_makes() -> None:
    """CloudFormation resolves references in AWS::LanguageExtensions, before SAM makes stages, roles and permissions."""
    written = {*template()["Resources"], *template()["Parameters"]}
    named = {name for name in references([template()["Resources"], template()["Outputs"]]) if not name.startswith("AWS::")}
    assert named - written == set()


# The lengths of the names that the template gives, by the API references of the services.
NAME_LENGTHS = {
    ("AWS::ApiGateway::RestApi", "Name"): 1024,
    ("AWS::ApiGatewayV2::Api", "Name"): 128,
    ("AWS::CloudWatch::Dashboard", "DashboardName"): 255,
    ("AWS::Lambda::Function", "FunctionName"): 64,
    ("AWS::Logs::LogGroup", "LogGroupName"): 512,
    ("AWS::Scheduler::ScheduleGroup", "Name"): 64,
    ("AWS::StepFunctions::StateMachine", "StateMachineName"): 80,
}


def test_every_name_that_is_made_of_the_stack_s_fits() -> None:
    """CloudFormation shortens only the names that it makes itself."""
    names = [
        (entry["Type"], name, text)
        for entry in expanded(*ALL_OPTIONS).values()
        for name, text in entry["Properties"].items()
        if name.endswith("Name") and re.search(r"AWS::StackName\b", json.dumps(text))
    ]
    assert {(kind, name) for kind, name, _ in names} == set(NAME_LENGTHS)
    for kind, name, text in names:
        filled = text.get("Fn::Sub", "${AWS::StackName}").replace("${AWS::StackName}", "x" * deploy_guard.MAX_STACK_NAME)
        assert len(filled) <= NAME_LENGTHS[kind, name], filled


def test_no_resource_needs_itself() -> None:
    """CloudFormation refuses a template with a circle of references."""
    made = expanded(*ALL_OPTIONS)
    waiting = {name: {other for other in references(entry) if other in made} for name, entry in made.items()}
    while ready := {name for name, needs in waiting.items() if not needs & set(waiting)}:
        waiting = {name: needs for name, needs in waiting.items() if name not in ready}
    assert sorted(waiting) == []


def test_the_variables_and_the_policy_of_a_function_fit_into_lambda_and_iam() -> None:
    """Lambda takes 4 KB of variables, IAM 10,240 characters of inline policies. A reference becomes a name of 100 characters."""
    for name, entry in expanded(*ALL_OPTIONS).items():
        properties = entry["Properties"]
        if entry["Type"] == "AWS::Lambda::Function":
            assert _size(properties["Environment"]["Variables"]) <= 4096, name
        elif entry["Type"] == "AWS::IAM::Role":
            assert sum(_size(policy["PolicyDocument"]) for policy in properties.get("Policies", [])) <= 10_240, name


def _size(node: Any) -> int:
    """The characters of a document, with 100 for everything that CloudFormation resolves."""
    if isinstance(node, dict):
        is_reference = any(name == "Ref" or name.startswith("Fn::") for name in node)
        return 100 if is_reference else sum(len(name) + _size(entry) + 6 for name, entry in node.items())
    return sum(_size(entry) + 3 for entry in node) if isinstance(node, list) else len(str(node))


def value(node: Any, parameters: Mapping[str, str]) -> Any:
    """The value of a condition, as CloudFormation evaluates it."""
    match node:
        case {"Ref": name}:
            return parameters[name]
        case {"Fn::Equals": [left, right]}:
            return value(left, parameters) == value(right, parameters)
        case {"Fn::Not": [condition]}:
            return not value(condition, parameters)
    return node


def with_defaults(given: Mapping[str, str]) -> dict[str, str]:
    """The given parameters, and the defaults of all others."""
    return {name: str(entry["Default"]) for name, entry in template()["Parameters"].items()} | dict(given)


def refusals(given: Mapping[str, str]) -> list[str]:
    """The errors with which CloudFormation refuses to deploy the parameters."""
    rules = [rule for rule in template()["Rules"].values() if value(rule["RuleCondition"], with_defaults(given))]
    checks = [check for rule in rules for check in rule["Assertions"]]
    return [check["AssertDescription"] for check in checks if not value(check["Assert"], with_defaults(given))]


def production() -> dict[str, str]:
    """The parameters of the profile `prod` in samconfig.toml."""
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
        ({"MonthlyBudget": "100"}, "AlarmEmail"),
    ],
)
def test_a_missing_parameter_is_named(given: dict[str, str], missing: str | None) -> None:
    errors = refusals(given)
    assert len(errors) == (missing is not None)
    assert all(str(missing) in error for error in errors)


def test_production_has_a_canary() -> None:
    assert production()["Canary"] == "true"


# The regions of AWS of which cfn-lint knows the types of resources.
REGIONS = set(boto3.session.Session().get_available_regions("lambda")) - {"me-south-1"}


def test_the_stack_can_be_deployed_in_every_region_with_a_budget_where_the_guide_says() -> None:
    """CloudFormation refuses a resource of a type that the region does not have, unless its condition is false."""
    made = {entry["Type"] for entry in expanded(*ALL_OPTIONS).values()}
    missing = {region: made - set(PROVIDER_SCHEMA_MANAGER.get_resource_types(region)) for region in REGIONS}
    assert set().union(*missing.values()) == {"AWS::Budgets::Budget"}
    (row,) = [line for line in (ROOT / "docs" / "deploy.md").read_text().splitlines() if line.startswith("| `MonthlyBudget` |")]
    assert set(re.findall(r"[a-z]+-[a-z]+-\d", row)) == {region for region, types in missing.items() if not types}


def test_a_budget_tells_the_operator_before_it_is_used_up() -> None:
    budgets = [
        entry["Properties"]
        for entry in expanded("MonthlyBudget=100", "AlarmEmail=oncall@example.com").values()
        if entry["Type"] == "AWS::Budgets::Budget"
    ]
    (notifications,) = [budget["NotificationsWithSubscribers"] for budget in budgets]
    assert {notified["Notification"]["NotificationType"] for notified in notifications} == {"ACTUAL", "FORECASTED"}
    assert {subscriber["Address"] for notified in notifications for subscriber in notified["Subscribers"]} == {
        "oncall@example.com"
    }
    assert not [entry for entry in expanded().values() if entry["Type"] == "AWS::Budgets::Budget"]


@pytest.mark.parametrize(("given", "is_created"), [({}, False), (DOMAIN | CERTIFICATE, True)])
def test_a_domain_is_created_if_it_has_a_name(given: dict[str, str], is_created: bool) -> None:
    created = expanded(*(f"{name}={parameter}" for name, parameter in given.items()))
    assert {name in created for name in ("ApiDomain", "ApiDomainMapping")} == {is_created}


def test_functions_get_exactly_the_variables_that_the_settings_read() -> None:
    variables = set(template()["Globals"]["Function"]["Environment"]["Variables"])
    own = {name for name in variables if not name.startswith("POWERTOOLS_")}
    assert own == {field.name.upper() for field in fields(Settings)}


def test_both_gateways_are_throttled_and_the_api_sends_retry_after() -> None:
    stages = {resource["Type"]: resource["Properties"] for resource in expanded().values()}
    (settings,) = stages["AWS::ApiGateway::Stage"]["MethodSettings"]
    assert (settings["ResourcePath"], settings["HttpMethod"]) == ("/*", "*")
    for limits in (settings, stages["AWS::ApiGatewayV2::Stage"]["DefaultRouteSettings"]):
        assert limits["ThrottlingRateLimit"]
        assert limits["ThrottlingBurstLimit"]
    answers = resources("AWS::Serverless::Api")["Api"]["GatewayResponses"]
    for name in ("THROTTLED", "QUOTA_EXCEEDED"):
        assert answers[name]["ResponseParameters"]["Headers"]["Retry-After"] == "'1'"


def test_a_503_of_the_gateway_says_when_to_come_back() -> None:
    responses = resources("AWS::Serverless::Api")["Api"]["GatewayResponses"].values()
    unavailable = [entry["ResponseParameters"]["Headers"] for entry in responses if entry["StatusCode"] == 503]
    assert [headers["Retry-After"] for headers in unavailable] == ["'5'"] * 3


# The types of the gateway's own answers with their statuses ("Gateway response types for API Gateway" of its developer guide).
GATEWAY_STATUSES = {
    **dict.fromkeys(("BAD_REQUEST_BODY", "BAD_REQUEST_PARAMETERS"), 400),
    "UNAUTHORIZED": 401,
    **dict.fromkeys(("ACCESS_DENIED", "INVALID_API_KEY", "WAF_FILTERED"), 403),
    **dict.fromkeys(("EXPIRED_TOKEN", "INVALID_SIGNATURE", "MISSING_AUTHENTICATION_TOKEN"), 403),
    "RESOURCE_NOT_FOUND": 404,
    "REQUEST_TOO_LARGE": 413,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    **dict.fromkeys(("QUOTA_EXCEEDED", "THROTTLED"), 429),
    **dict.fromkeys(("API_CONFIGURATION_ERROR", "AUTHORIZER_CONFIGURATION_ERROR", "AUTHORIZER_FAILURE"), 500),
    **dict.fromkeys(("INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT"), 504),
}
# Where the API answers with another status, or the type has none.
OWN_STATUSES = {
    # No route takes AWS's signatures, so these stand for a path or a method that no route has.
    **dict.fromkeys(("EXPIRED_TOKEN", "INVALID_SIGNATURE", "MISSING_AUTHENTICATION_TOKEN"), 404),
    **dict.fromkeys(("AUTHORIZER_CONFIGURATION_ERROR", "AUTHORIZER_FAILURE", "INTEGRATION_FAILURE"), 503),
    "DEFAULT_4XX": 400,
    "DEFAULT_5XX": 500,
}


def test_every_type_of_response_of_the_gateway_has_its_own_status() -> None:
    """Without an entry, a type takes the status of DEFAULT_4XX or DEFAULT_5XX, whatever its own is."""
    responses = resources("AWS::Serverless::Api")["Api"]["GatewayResponses"]
    model = boto3.client("apigateway", region_name="us-east-1").meta.service_model
    assert set(responses) == set(model.shape_for("GatewayResponseType").enum)
    assert {name: response["StatusCode"] for name, response in responses.items()} == GATEWAY_STATUSES | OWN_STATUSES


@pytest.mark.parametrize("name", resources("AWS::Serverless::Api")["Api"]["GatewayResponses"])
def test_a_response_of_the_gateway_is_a_problem_with_its_status_and_the_request_id(name: str) -> None:
    response, problem = resources("AWS::Serverless::Api")["Api"]["GatewayResponses"][name], gateway_problem(name)
    headers = response["ResponseParameters"]["Headers"]
    assert (headers["Content-Type"], headers["X-Request-Id"]) == ("'application/problem+json'", "context.requestId")
    assert {header: headers[header].strip("'") for header in SECURITY} == SECURITY
    assert (problem["status"], problem["instance"]) == (response["StatusCode"], REQUEST_ID)
    assert problem.keys() == {"type", "title", "status", "detail", "instance", "code"}


def test_the_api_has_the_one_stage_whose_limits_are_set() -> None:
    """SAM adds a stage called Stage, without limits and access logs, unless the version of the description is given."""
    made = expanded().values()
    (stage,) = [entry["Properties"]["StageName"] for entry in made if entry["Type"] == "AWS::ApiGateway::Stage"]
    deployments = [entry["Properties"] for entry in made if entry["Type"] == "AWS::ApiGateway::Deployment"]
    assert (stage, [deployment.get("StageName") for deployment in deployments]) == ("v1", [None])


def test_another_address_for_alarms_can_replace_the_budget() -> None:
    """CloudFormation makes the new budget first, and a name exists only once."""
    (budget,) = resources("AWS::Budgets::Budget").values()
    assert "BudgetName" not in budget["Budget"]


@pytest.mark.parametrize("name", resources(TABLE))
def test_a_table_has_point_in_time_recovery(name: str) -> None:
    table = resources(TABLE)[name]
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["BillingMode"] == "PAY_PER_REQUEST"


@pytest.mark.parametrize(("retention", "is_protected"), [("Delete", False), ("Retain", True)])
def test_production_tables_are_protected_from_deletion(retention: str, is_protected: bool) -> None:
    tables = [entry["Properties"] for entry in expanded(f"DataRetention={retention}").values() if entry["Type"] == TABLE]
    assert {table["DeletionProtectionEnabled"] for table in tables} == {is_protected}


@pytest.mark.parametrize("units", [0, 16000])
def test_the_tables_that_every_message_writes_to_are_prepared_for_a_first_day(units: int) -> None:
    """An index that is not prepared would throttle the writes of its table."""
    made = expanded(f"WarmWriteUnits={units}")
    messages = made["MessagesTable"]["Properties"]
    indexes = [index for index in messages["GlobalSecondaryIndexes"] if index["IndexName"] in ("timeline", "contact")]
    prepared = [part.get("WarmThroughput") for part in (messages, *indexes, made["CallbacksTable"]["Properties"])]
    assert prepared == [{"WriteUnitsPerSecond": str(units)} if units else None] * 4


@pytest.mark.parametrize("concurrency", [0, 50])
def test_concurrency_is_reserved_for_webhooks_if_a_parameter_says_so(concurrency: int) -> None:
    made = expanded(f"WebhookConcurrency={concurrency}")
    reserved = {made[name]["Properties"].get("ReservedConcurrentExecutions", "0") for name in ("ReceiveTwilio", "ReceiveTelnyx")}
    assert reserved == {str(concurrency)}


@pytest.mark.parametrize("is_on", [True, False])
def test_both_gateways_log_requests_if_a_parameter_says_so(is_on: bool) -> None:
    made = expanded(f"AccessLogs={str(is_on).lower()}")
    stages = {entry["Type"]: entry["Properties"] for entry in made.values()}
    settings = [
        stages["AWS::ApiGateway::Stage"].get("AccessLogSetting"),
        stages["AWS::ApiGatewayV2::Stage"].get("AccessLogSettings"),
    ]
    assert [bool(setting) for setting in settings] == [is_on, is_on]
    assert {"ApiAccessLogs", "WebhookAccessLogs"} & set(made) == ({"ApiAccessLogs", "WebhookAccessLogs"} if is_on else set())
    for setting in filter(None, settings):
        variables = set(re.findall(r"\$context\.([\w.]+)", setting["Format"]))
        assert not variables & {"path", "requestOverride", "identity.userAgent", "authorizer.principalId"}
        assert json.loads(setting["Format"])
    if is_on:
        assert json.loads(settings[0]["Format"])["key"] == "$context.authorizer.keyId"


def test_the_log_of_the_http_api_needs_no_room_in_the_policy_of_the_account() -> None:
    """CloudWatch Logs user guide, "Logs sent to CloudWatch Logs": the policy that names the other groups has 5,120 characters."""
    assert resources("AWS::Logs::LogGroup")["WebhookAccessLogs"]["LogGroupName"]["Fn::Sub"].startswith("/aws/vendedlogs/")


def test_another_public_address_deploys_the_api_again() -> None:
    """The errors of the gateway have the address. A stage serves its deployment, not what the API has become since."""
    (before, after) = (
        {name for name, entry in expanded(*given).items() if entry["Type"] == "AWS::ApiGateway::Deployment"}
        for given in ((), ("PublicBaseUrl=https://api.example.com",))
    )
    assert before != after


@pytest.mark.parametrize("name", [*resources(TABLE), *resources(BUCKET)])
def test_data_retention_decides_whether_data_outlives_the_stack(name: str) -> None:
    resource = template()["Resources"][name]
    assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == {"Ref": "DataRetention"}


def test_no_queue_is_fifo_because_fifo_queues_cannot_delay_single_messages() -> None:
    assert [name for name, queue in resources(QUEUE).items() if queue.get("FifoQueue")] == []


def test_the_table_of_routes_matches_the_template() -> None:
    assert make_routes.TARGET.read_text() == make_routes.text(), "run: make generate"
