"""Builds and deploys the project's template with SAM, each only when its sources or parameters have changed."""

import fcntl
import hashlib
import json
import os
import platform
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import yaml

from local_stack.aws import Aws
from local_stack.processes import Child
from local_stack.settings import PROJECT, STACK_NAME, Settings

SAM = PROJECT / ".venv-sam" / "bin" / "sam"
# Separate from `.aws-sam/build`, so that a build for this machine is never deployed to AWS.
BUILD_ROOT = PROJECT / ".aws-sam" / "local"
BUILD = BUILD_ROOT / "build"
SOURCES = ("template.yaml", "functions", "layers", "statemachines", "scripts/optimize_layers.py")
IGNORED = ("__pycache__", ".egg-info", ".mypy_cache", ".ruff_cache")
ARCHITECTURES = {"x86_64": "x86_64", "AMD64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


def parameters(settings: Settings) -> dict[str, str]:
    """Return the stack's parameters. MiniStack runs the functions with this Python on this processor, so both are set."""
    runtime = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return settings.stack_parameters(runtime, ARCHITECTURES[platform.machine()])


def fingerprint(root: Path, values: Mapping[str, str]) -> str:
    """Return the SHA-256 (hex) of all files below `root` that belong to the stack, and of the parameters."""
    digest = hashlib.sha256(repr(sorted(values.items())).encode())
    for path in sorted(_source_files(root)):
        digest.update(f"\0{path.relative_to(root)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def is_built(build_fingerprint: str) -> bool:
    """Return whether the last build has this fingerprint."""
    file = _fingerprint_file()
    return file.exists() and file.read_text() == build_fingerprint


def build(settings: Settings, build_fingerprint: str) -> None:
    """Build the functions and layers for this machine.

    Raises:
        LocalStackError: the build failed.
    """
    _run_sam(
        settings,
        "build",
        *("--template-file", PROJECT / "template.yaml", "--build-dir", BUILD),
        *("--cached", "--cache-dir", BUILD_ROOT / "cache", "--parallel"),
    )
    command: list[str | Path] = [sys.executable, PROJECT / "scripts" / "optimize_layers.py", BUILD]
    Child("optimizing the layers", command, log=settings.logs / "optimize-layers.log", environment=dict(os.environ)).finish()
    _fingerprint_file().write_text(build_fingerprint)


def deploy(settings: Settings, aws: Aws, deploy_fingerprint: str, build_folder: Path = BUILD) -> None:
    """Deploy a build to the local AWS and record the fingerprint there.

    Raises:
        LocalStackError: the deployment failed.
    """
    _run_sam(
        settings,
        "deploy",
        *("--template-file", _as_json(build_folder / "template.yaml"), "--stack-name", STACK_NAME, "--resolve-s3"),
        *("--capabilities", "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"),
        *("--no-confirm-changeset", "--no-fail-on-empty-changeset", "--on-failure", "DELETE"),
    )
    aws.record_deployment(deploy_fingerprint)


@contextmanager
def build_lock() -> Iterator[None]:
    """Allow one build at a time, because all stacks of this checkout share the build folder."""
    BUILD_ROOT.mkdir(parents=True, exist_ok=True)
    with (BUILD_ROOT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _as_json(template: Path) -> Path:
    """Write a built template as JSON beside it; return its path. SAM reads it several times, and YAML sixty times slower."""
    target = template.with_suffix(".json")
    target.write_text(json.dumps(yaml.load(template.read_text(), yaml.CSafeLoader)))
    return target


def _fingerprint_file() -> Path:
    return BUILD / "fingerprint"


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
        [SAM, command, "--language-extensions", *options, "--parameter-overrides", *overrides],
        log=settings.logs / f"sam-{command}.log",
        environment=environment,
    )
    child.finish()
