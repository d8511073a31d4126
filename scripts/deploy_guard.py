"""Refuses a deployment that would hit the wrong AWS account or the wrong stack, before anything is changed.

``python -m scripts.deploy_guard prod`` compares the profile of samconfig.toml with where the credentials lead.
``OUTREACH_ACCOUNT`` is the id of the account that the profile belongs to; a production profile needs it.
"""

from __future__ import annotations

import os
import shlex
import sys
import tomllib
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from outreach_admin import deployment

CONFIG = Path(__file__).parents[1] / "samconfig.toml"
RETENTION = "DataRetention"
PRODUCTION = "Retain"
# The longest name that the template makes of the stack's is a function's, which has 64: <stack>-begin-scheduled-start.
MAX_STACK_NAME = 42
# Parameter Store keeps names that begin so to itself; the secrets' begin with the stack's.
_RESERVED = ("aws", "ssm")


class WrongTarget(Exception):
    """The deployment must not go there. The message says why, and what to do."""


def check(profile: str, account: str | None) -> str:
    """Check where a profile would be deployed.

    Args:
        profile: a profile of samconfig.toml.
        account: the id of the AWS account that the profile belongs to; ``None`` if nobody has said.

    Returns:
        The account and the stack.

    Raises:
        WrongTarget: the profile does not exist; it is for production and nobody has said for which account; the credentials are
            of another account; or the stack is production and the profile is not, or the reverse; or its name does not fit into
            the names that are made of it.
    """
    if not profile:
        raise WrongTarget("Name a profile of samconfig.toml, such as PROFILE=staging.")
    parameters = tomllib.loads(CONFIG.read_text()).get(profile, {}).get("deploy", {}).get("parameters")
    if not parameters:
        raise WrongTarget(f"samconfig.toml has no profile {profile}. Name one, such as PROFILE=staging.")
    is_production = _overrides(parameters).get(RETENTION) == PRODUCTION
    # As SAM does: the profile's region and credentials, where it names them, and those of the environment otherwise.
    session = boto3.Session(profile_name=parameters.get("profile"), region_name=parameters.get("region"))
    current = session.client("sts").get_caller_identity()["Account"]
    if is_production and not account:
        raise WrongTarget(f"Set OUTREACH_ACCOUNT to the id of the AWS account of {profile}. The credentials are of {current}.")
    if account and account != current:
        raise WrongTarget(f"The credentials are of the AWS account {current}, but {profile} belongs to {account}.")
    stack = str(parameters["stack_name"])
    if len(stack) > MAX_STACK_NAME or stack.lower().startswith(_RESERVED):
        raise WrongTarget(f"Name the stack {stack} otherwise: at most {MAX_STACK_NAME} characters, and not aws… or ssm….")
    deployed = _retention(session, stack)
    if deployed and (deployed == PRODUCTION) != is_production:
        raise WrongTarget(f"The stack {stack} has {RETENTION}={deployed}, which does not fit the profile {profile}.")
    return f"{current}/{stack}"


def _overrides(parameters: dict[str, Any]) -> dict[str, str]:
    """The values of a profile: a string or a list of ``Name=value``, or of ``ParameterKey=Name,ParameterValue=value``.

    `sam deploy --guided` puts the values into quotes.
    """
    given = parameters.get("parameter_overrides", "")
    entries = shlex.split(given if isinstance(given, str) else " ".join(given))
    pairs = [entry.removeprefix("ParameterKey=").replace(",ParameterValue=", "=", 1).partition("=") for entry in entries]
    return {name: value for name, _, value in pairs}


def _retention(session: boto3.Session, stack: str) -> str | None:
    """The stack's parameter that makes it production or not; ``None`` if there is no such stack."""
    try:
        described = session.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        return None
    parameters: list[Any] = described.get("Parameters", [])
    return next((str(entry["ParameterValue"]) for entry in parameters if entry["ParameterKey"] == RETENTION), None)


def main() -> int:
    deployment.choose_region()
    try:
        print(f"deploying to {check(''.join(sys.argv[1:]), os.environ.get('OUTREACH_ACCOUNT') or None)}")
    except (WrongTarget, ClientError, BotoCoreError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
