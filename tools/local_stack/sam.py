"""`sam build` and `sam deploy` of the project's own template, each done only when something has changed."""

import fcntl
import hashlib
import os
import platform
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from local_stack.aws import Aws
from local_stack.processes import Child
from local_stack.settings import PROJECT, STACK_NAME, Settings

SAM = PROJECT / ".venv-sam" / "bin" / "sam"
# Not `.aws-sam/build`: that one is for AWS, and a build for this machine must never be deployed there.
BUILD_ROOT = PROJECT / ".aws-sam" / "local"
SOURCES = ("template.yaml", "functions", "layers", "statemachines", "scripts/finish_build.py")
IGNORED = ("__pycache__", ".egg-info", ".mypy_cache", ".ruff_cache")
ARCHITECTURES = {"x86_64": "x86_64", "AMD64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


def parameters(settings: Settings) -> dict[str, str]:
    """The stack's parameters: MiniStack runs functions on this machine's Python, so they are built for that one."""
    runtime = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return settings.stack_parameters(runtime, ARCHITECTURES[platform.machine()])


def fingerprint(root: Path, values: Mapping[str, str]) -> str:
    """SHA-256 (hex) of everything below `root` that goes into the stack, and of the parameters."""
    digest = hashlib.sha256(repr(sorted(values.items())).encode())
    for path in sorted(_source_files(root)):
        digest.update(f"\0{path.relative_to(root)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def is_built(build_key: str) -> bool:
    """Whether the last build was of these very sources."""
    stamp = _stamp()
    return stamp.exists() and stamp.read_text() == build_key


def build(settings: Settings, build_key: str) -> None:
    """Build the functions and layers for this machine; raises LocalStackError."""
    _run_sam(
        settings,
        "build",
        *("--template-file", PROJECT / "template.yaml", "--build-dir", BUILD_ROOT / "build"),
        *("--cached", "--cache-dir", BUILD_ROOT / "cache", "--parallel"),
    )
    finish: list[str | Path] = [sys.executable, PROJECT / "scripts" / "finish_build.py", BUILD_ROOT / "build"]
    Child("finishing the build", finish, log=settings.logs / "finish-build.log", environment=dict(os.environ)).finish()
    _stamp().write_text(build_key)


def deploy(settings: Settings, aws: Aws, deploy_key: str) -> None:
    """Put the built stack on the local AWS, which remembers `deploy_key`; raises LocalStackError."""
    _run_sam(
        settings,
        "deploy",
        *("--template-file", BUILD_ROOT / "build" / "template.yaml", "--stack-name", STACK_NAME, "--resolve-s3"),
        *("--capabilities", "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"),
        *("--no-confirm-changeset", "--no-fail-on-empty-changeset", "--on-failure", "DELETE"),
    )
    aws.remember_deployment(deploy_key)


@contextmanager
def build_lock() -> Iterator[None]:
    """One build at a time, for stacks of one checkout share it."""
    BUILD_ROOT.mkdir(parents=True, exist_ok=True)
    with (BUILD_ROOT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _stamp() -> Path:
    return BUILD_ROOT / "build" / "fingerprint"


def _source_files(root: Path) -> Iterator[Path]:
    for source in SOURCES:
        for path in [root / source, *(root / source).rglob("*")]:
            if path.is_file() and not any(part.endswith(IGNORED) for part in path.relative_to(root).parts):
                yield path


def _run_sam(settings: Settings, command: str, *options: str | Path) -> None:
    overrides = [f"{name}='{value}'" for name, value in parameters(settings).items()]
    path = f"{SAM.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    environment = {**os.environ, **settings.aws_environment(), "SAM_CLI_TELEMETRY": "0", "PATH": path}
    environment.pop("AWS_PROFILE", None)
    child = Child(
        f"sam {command}",
        [SAM, command, *options, "--parameter-overrides", *overrides],
        log=settings.logs / f"sam-{command}.log",
        environment=environment,
    )
    child.finish()
