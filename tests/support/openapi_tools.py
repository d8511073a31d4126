"""The tools with which others read the OpenAPI description: linters, and generators of clients and of requests for Postman.

`make reliability` installs them; the packages from npm only where npm is.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.make_openapi import TARGET
from tests.support.template import ROOT

DESCRIPTION = str(TARGET)
SETTINGS = ROOT / "requirements/openapi"
_NODE = ROOT / ".node"
_PYTHON = ROOT / ".venv-openapi"
_TIMEOUT_SECONDS = 300

needs_node = pytest.mark.skipif(
    not (_NODE / "installed").exists(), reason="npm is not installed, or `make reliability` has not run"
)
needs_python_generator = pytest.mark.skipif(
    not (_PYTHON / "installed").exists(), reason="`make reliability` installs the generator"
)


def node(tool: str, *arguments: str, folder: Path = ROOT) -> str:
    """Run a tool of npm in a folder; returns its output."""
    return _run(_NODE / "node_modules/.bin" / tool, *arguments, folder=folder)


def python(tool: str, *arguments: str, folder: Path = ROOT) -> str:
    """Run a tool, or Python, of the environment of the Python generator; returns its output."""
    return _run(_PYTHON / "bin" / tool, *arguments, folder=folder)


def run_script(script: str, *arguments: str, folder: Path) -> str:
    """Run a script with Node; returns its output."""
    return _run(Path(shutil.which("node") or "node"), script, *arguments, folder=folder)


def link_packages(folder: Path) -> None:
    """Let scripts in a folder import the packages of npm."""
    (folder / "node_modules").symlink_to(_NODE / "node_modules")


def generate_python_client(folder: Path) -> str:
    """Generate the package ``outreach_client`` in a folder; returns the generator's output, which has its warnings."""
    target = str(folder / "generated")
    output = python(
        "openapi-python-client",
        "generate",
        "--path",
        DESCRIPTION,
        "--config",
        str(SETTINGS / "client.yaml"),
        "--output-path",
        target,
    )
    (folder / "outreach_client").symlink_to(folder / "generated/outreach_client")
    return output


def generate_typescript_types(folder: Path) -> None:
    """Generate the types of the API as ``api.d.ts`` in a folder."""
    node("openapi-typescript", DESCRIPTION, "--output", str(folder / "api.d.ts"))


def _run(command: Path, *arguments: str, folder: Path) -> str:
    path = os.pathsep.join([str(_PYTHON / "bin"), os.environ["PATH"]])
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"PATH": path, "REDOCLY_TELEMETRY": "off", "NO_COLOR": "1"}
    process = subprocess.run(  # noqa: S603
        [command, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False
    )
    output = process.stdout + process.stderr
    assert process.returncode == 0, output
    return output
