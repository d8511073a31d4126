"""Starts, drains and queries the local AWS: MiniStack, with its state in the state directory."""

import os
import shutil
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import requests
from botocore.exceptions import ClientError
from outreach_admin import deployment

from local_stack.processes import Child
from local_stack.settings import PROJECT, REGION, STACK_NAME, Settings

PYTHON = PROJECT / ".venv-ministack" / "bin" / "python"
SERVER = Path(__file__).with_name("ministack_server.py")
READY_TIMEOUT_SECONDS = 60
# Longer than the timeout of a call to a carrier.
DRAIN_TIMEOUT_SECONDS = 30
# Stored in the local AWS, so that it disappears together with the deployment.
DEPLOYMENT_PARAMETER = "/local-stack/deployment"


@dataclass(frozen=True)
class Aws:
    """Access to the local AWS of one stack, as its root user."""

    settings: Settings

    def client(self, service: Any) -> Any:
        """Make a boto3 client of the local AWS."""
        return boto3.client(
            service,
            endpoint_url=self.settings.aws_endpoint,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - the name of MiniStack's root user
        )

    def deployed_fingerprint(self) -> str | None:
        """Return the fingerprint of the last complete deployment in this state directory, or ``None``."""
        try:
            return str(self.client("ssm").get_parameter(Name=DEPLOYMENT_PARAMETER)["Parameter"]["Value"])
        except ClientError as error:
            if error.response["Error"]["Code"] != "ParameterNotFound":
                raise
            return None

    def record_deployment(self, fingerprint: str) -> None:
        self.client("ssm").put_parameter(Name=DEPLOYMENT_PARAMETER, Value=fingerprint, Type="String", Overwrite=True)

    def outputs(self) -> dict[str, str]:
        """Return the outputs of the stack by name."""
        stack = self.client("cloudformation").describe_stacks(StackName=STACK_NAME)["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def function_environment(self) -> dict[str, str]:
        """Return the environment of the stack's functions, with the variables that select this local AWS."""
        return {**deployment.function_environment(self.client, STACK_NAME), **self.settings.aws_environment()}


def start_ministack(settings: Settings) -> Child:
    """Start MiniStack and wait until it responds.

    Raises:
        LocalStackError: MiniStack ended or did not respond in time.
    """
    if not settings.aws_state.exists():
        # MiniStack writes S3 objects at once and other state when it stops, so these objects are left from a run that was killed.
        shutil.rmtree(settings.objects, ignore_errors=True)
    environment = _environment(settings, _new_scratch_folder(settings))
    # -P keeps this folder out of MiniStack's import path.
    child = Child("the local AWS", [PYTHON, "-P", SERVER], log=settings.logs / "aws.log", environment=environment)
    child.wait_until(lambda: _is_ready(settings), READY_TIMEOUT_SECONDS)
    return child


def drain_ministack(settings: Settings) -> None:
    """Start no more functions from queues and streams, and wait for running functions until the timeout."""
    # MiniStack may have ended or hang; the caller stops it next.
    with suppress(requests.RequestException):
        requests.post(f"{settings.aws_endpoint}/_local/drain", timeout=DRAIN_TIMEOUT_SECONDS)


def _new_scratch_folder(settings: Settings) -> Path:
    """Create a folder for unpacked functions and remove those of earlier runs: tens of thousands of files each."""
    scratch = settings.state_dir / "tmp" / str(time.time_ns())
    scratch.mkdir(parents=True)
    for old in set(scratch.parent.iterdir()) - {scratch}:
        # In the background; the next run removes the files that are left when this process ends.
        threading.Thread(target=shutil.rmtree, args=(old,), kwargs={"ignore_errors": True}, daemon=True).start()
    return scratch


def _is_ready(settings: Settings) -> bool:
    try:
        return requests.get(f"{settings.aws_endpoint}/_ministack/ready", timeout=1).ok
    except requests.RequestException:
        return False


def _environment(settings: Settings, scratch: Path) -> dict[str, str]:
    # Without the variables of this shell: functions inherit MiniStack's environment, and on AWS they would not see them.
    return {
        "PATH": os.defpath,
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": REGION,
        "GATEWAY_PORT": str(settings.aws_port),
        "AUTH": "true" if settings.iam else "false",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(settings.aws_state),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(settings.objects),
        "LAMBDA_EXECUTOR": "local",
        # Switch off services that open more ports or look for Docker.
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "DOCKER_HOST": f"unix://{scratch}/no-docker.sock",
    }
