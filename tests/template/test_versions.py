"""Functions with an alias publish every change, are called only by their alias, and a canary takes their new version back."""

from __future__ import annotations

import pytest

from tests.support.stack import ALIAS, as_list, expanded, functions, live_functions, references, target
from tests.support.template import resources, template

LIVE = live_functions()
CANARY = "Canary=true"
CALLERS = (
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Permission",
    "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGateway::RestApi",
    "AWS::StepFunctions::StateMachine",
)


def versions(*changes: str) -> dict[str, str]:
    """The logical id of each function's version. CloudFormation publishes a version when it changes."""
    made = expanded(*changes)
    return {
        made[name]["Properties"]["FunctionName"]["Ref"]: name for name in made if made[name]["Type"] == "AWS::Lambda::Version"
    }


def published(*changes: str) -> set[str]:
    """The functions of which a deployment with these changes publishes a version."""
    before, after = versions(), versions(*changes)
    return {name for name in before if before[name] != after[name]}


def settings() -> set[str]:
    """The parameters that all functions get."""
    return set(references(template()["Globals"])) & set(template()["Parameters"])


def test_the_functions_that_everything_passes_through_have_an_alias() -> None:
    assert set(LIVE) == set(versions()) == {"Authorize", "ReleaseRecipients", "SendMessages", "ReceiveTwilio", "ReceiveTelnyx"}


def test_a_new_layer_publishes_the_functions_that_have_it() -> None:
    for layer in resources("AWS::Serverless::LayerVersion"):
        with_layer = {name for name in LIVE if {"Ref": layer} in functions()[name]["Layers"]}
        assert published(f"{layer}=s3://bucket/new") == with_layer


def test_new_code_publishes_its_function_alone() -> None:
    assert published("SendMessages=s3://bucket/new") == {"SendMessages"}


@pytest.mark.parametrize("change", ["LogLevel=DEBUG", "PublicBaseUrl=https://api.example.com", "OutcomeChecks=1"])
def test_a_new_value_of_a_parameter_publishes_all(change: str) -> None:
    assert published(change) == set(LIVE)


@pytest.mark.parametrize("name", LIVE)
def test_sam_sees_the_value_of_every_parameter_of_a_function(name: str) -> None:
    """CloudFormation replaces references to parameters by values in resources before SAM hashes them, but not in Globals."""
    own = resources("AWS::Serverless::Function")[name]
    assert settings() <= set(references(own))


# Properties of a function that its versions do not have.
OF_NO_VERSION = ("ReservedConcurrentExecutions", "RecursiveLoop", "Tags")


@pytest.mark.parametrize("name", LIVE)
def test_a_published_version_differs_from_the_last_one(name: str) -> None:
    """Lambda publishes nothing when only other properties change, and CloudFormation then fails: "A version ... exists"."""
    own = resources("AWS::Serverless::Function")[name]
    unversioned = references([own.get(entry) for entry in OF_NO_VERSION])
    assert set(unversioned) & set(template()["Parameters"]) <= set(
        references(own["Environment"]["Variables"]["VERSION_SETTINGS"])
    )


def test_reserved_concurrency_publishes_the_webhooks_alone() -> None:
    assert published("WebhookConcurrency=50") == {"ReceiveTwilio", "ReceiveTelnyx"}


@pytest.mark.parametrize("change", ["SweepRate=rate(1 minute)", "AlarmEmail=operator@example.com", CANARY])
def test_what_does_not_concern_the_functions_publishes_nothing(change: str) -> None:
    assert published(change) == set()


def test_every_caller_calls_the_alias() -> None:
    called = {name for entry in expanded().values() if entry["Type"] in CALLERS for name in references(entry)}
    assert called & {*LIVE, *(f"{name}Alias{ALIAS}" for name in LIVE)} == {f"{name}Alias{ALIAS}" for name in LIVE}


@pytest.mark.parametrize("name", LIVE)
def test_a_canary_takes_a_version_back_when_an_alarm_sounds(name: str) -> None:
    made = expanded(CANARY)
    group = made[f"{name}DeploymentGroup"]["Properties"]
    alarms = [target(alarm["Name"]) for alarm in group["AlarmConfiguration"]["Alarms"]]
    assert group["AlarmConfiguration"]["Enabled"]
    assert "LiveErrorsAlarm" in alarms
    assert set(alarms) <= set(resources("AWS::CloudWatch::Alarm"))
    assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
    update = made[f"{name}Alias{ALIAS}"]["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
    assert target(update["DeploymentGroupName"]) == f"{name}DeploymentGroup"


def test_an_alias_moves_at_once_without_a_canary() -> None:
    made = expanded()
    assert [name for name, entry in made.items() if "CodeDeploy" in entry["Type"] or "UpdatePolicy" in entry] == []
    assert "CanaryRole" not in made


def test_codedeploy_may_move_these_aliases_alone() -> None:
    made = expanded(CANARY)
    assert {target(made[f"{name}DeploymentGroup"]["Properties"]["ServiceRoleArn"]) for name in LIVE} == {"CanaryRole"}
    (policy,) = made["CanaryRole"]["Properties"]["Policies"]
    moving, _ = policy["PolicyDocument"]["Statement"]
    arns = [{"Fn::GetAtt": [name, "Arn"]} for name in LIVE] + [{"Fn::Sub": f"${{{name}.Arn}}:{ALIAS}"} for name in LIVE]
    assert sorted(map(str, as_list(moving["Resource"]))) == sorted(map(str, arns))


def test_codedeploy_may_do_what_aws_s_own_policy_lets_it() -> None:
    """A condition that CodeDeploy does not meet, or an alarm that it cannot see, would fail every deployment with a canary."""
    role = expanded(CANARY)["CanaryRole"]["Properties"]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    service = {"Fn::Sub": "codedeploy.${AWS::Region}.${AWS::URLSuffix}"}
    assert (trust["Principal"], trust.get("Condition")) == ({"Service": service}, None)
    _, seeing = role["Policies"][0]["PolicyDocument"]["Statement"]
    assert (seeing["Action"], seeing["Resource"]) == ("cloudwatch:DescribeAlarms", "*")


def test_a_canary_lasts_longer_than_the_period_of_its_alarms() -> None:
    minutes = int("".join(filter(str.isdigit, str(template()["Parameters"]["CanaryType"]["Default"]).rpartition("Percent")[2])))
    alarms = [resources("AWS::CloudWatch::Alarm")[name] for name in ("ApiErrorsAlarm", "WebhookErrorsAlarm")]
    assert all(alarm["Period"] < 60 * minutes for alarm in alarms)
