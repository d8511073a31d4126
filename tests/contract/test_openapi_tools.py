"""The OpenAPI description satisfies linters, and generators make complete clients from it that type-check."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import openapi_tools
from tests.support.openapi_tools import DESCRIPTION, SETTINGS, needs_node, needs_python_generator, node, python

pytestmark = pytest.mark.reliability


@needs_node
def test_redocly_finds_no_fault() -> None:
    assert "  warning  " not in node("redocly", "lint", DESCRIPTION, "--format", "stylish")


@needs_node
def test_spectral_finds_no_fault() -> None:
    node("spectral", "lint", DESCRIPTION, "--ruleset", str(SETTINGS / "spectral.yaml"), "--fail-severity", "hint")


@needs_node
def test_generated_types_of_typescript_compile(tmp_path: Path) -> None:
    openapi_tools.generate_typescript_types(tmp_path)
    node("tsc", "--noEmit", "--strict", "--skipLibCheck", "false", "api.d.ts", folder=tmp_path)


@needs_python_generator
def test_a_generated_client_of_python_is_complete_and_type_checks(tmp_path: Path) -> None:
    output = openapi_tools.generate_python_client(tmp_path)
    assert "WARNING" not in output, output
    python("mypy", "outreach_client", folder=tmp_path)
