"""The local AWS: MiniStack with its state under the state directory, and what the launcher asks it."""

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
# Longer than a worker's call to a carrier that does not answer.
DRAIN_TIMEOUT_SECONDS = 30
# Kept in the local AWS itself, so that it is forgotten together with the stack it speaks of.
DEPLOYMENT_PARAMETER = "/local-stack/deployment"


@dataclass(frozen=True)
class Aws:
    """The local AWS of one stack, as its root user."""

    settings: Settings

    def client(self, service: Any) -> Any:
        """A boto3 client of the local AWS."""
        return boto3.client(
            service,
            endpoint_url=self.settings.aws_endpoint,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - what MiniStack calls its root user
        )

    def deployment(self) -> str | None:
        """The key of the last complete deployment in this state directory, None when there is none."""
        try:
            return str(self.client("ssm").get_parameter(Name=DEPLOYMENT_PARAMETER)["Parameter"]["Value"])
        except ClientError as error:
            if error.response["Error"]["Code"] != "ParameterNotFound":
                raise
            return None

    def remember_deployment(self, key: str) -> None:
        self.client("ssm").put_parameter(Name=DEPLOYMENT_PARAMETER, Value=key, Type="String", Overwrite=True)

    def outputs(self) -> dict[str, str]:
        """The stack's outputs by name."""
        stack = self.client("cloudformation").describe_stacks(StackName=STACK_NAME)["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def function_environment(self) -> dict[str, str]:
        """The variables of the stack's functions, with those that reach this AWS: what the project's code needs to run here."""
        return {**deployment.function_environment(self.client, STACK_NAME), **self.settings.aws_environment()}


def start_ministack(settings: Settings) -> Child:
    """Start MiniStack and return when it answers; raises LocalStackError when it does not."""
    if not settings.aws_state.exists():
        # Objects are written at once, all the rest at the end: they are of a run that was killed.
        shutil.rmtree(settings.objects, ignore_errors=True)
    environment = _environment(settings, _empty_scratch(settings))
    # -P: this folder must not be where MiniStack's imports are looked up.
    child = Child("the local AWS", [PYTHON, "-P", SERVER], log=settings.logs / "aws.log", environment=environment)
    child.wait_until(lambda: _answers(settings), READY_TIMEOUT_SECONDS)
    return child


def drain_ministack(settings: Settings) -> None:
    """Let functions at work finish, and start no more from queues and streams; what takes too long is broken off in the end."""
    # Whether it has ended already, or hangs: stopping it comes next.
    with suppress(requests.RequestException):
        requests.post(f"{settings.aws_endpoint}/_local/drain", timeout=DRAIN_TIMEOUT_SECONDS)


def _empty_scratch(settings: Settings) -> Path:
    """A new folder for the unpacked functions; MiniStack leaves those of earlier runs behind, tens of thousands of files."""
    scratch = settings.state_dir / "tmp" / str(time.time_ns())
    scratch.mkdir(parents=True)
    for old in set(scratch.parent.iterdir()) - {scratch}:
        # Nobody waits for it; what is left when this process ends, the next one removes.
        threading.Thread(target=shutil.rmtree, args=(old,), kwargs={"ignore_errors": True}, daemon=True).start()
    return scratch


def _answers(settings: Settings) -> bool:
    try:
        return requests.get(f"{settings.aws_endpoint}/_ministack/ready", timeout=1).ok
    except requests.RequestException:
        return False


def _environment(settings: Settings, scratch: Path) -> dict[str, str]:
    # Nothing else of this shell: functions inherit MiniStack's environment, and on AWS they would not have it either.
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
        # Services that would open ports of their own, or look for Docker.
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "DOCKER_HOST": f"unix://{scratch}/no-docker.sock",
    }
