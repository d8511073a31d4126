"""One version for everything, a changelog that has it, and a licence that everything names."""

from __future__ import annotations

import json
import re
import tomllib

from outreach import __version__
from tests.support.template import ROOT, template

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
INFO = json.loads((ROOT / "docs/openapi.json").read_text())["info"]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
# https://keepachangelog.com/en/1.1.0
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
SEMANTIC_VERSION = r"\d+\.\d+\.\d+"


def test_the_version_is_semantic_and_the_package_alone_sets_it() -> None:
    assert re.fullmatch(SEMANTIC_VERSION, __version__)
    assert "version" not in PROJECT["project"]
    assert PROJECT["project"]["dynamic"] == ["version"]
    assert PROJECT["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "outreach.__version__"}


def test_the_stack_and_the_description_of_the_api_have_the_version() -> None:
    assert template()["Outputs"]["Version"]["Value"] == __version__, "write the version into the outputs of template.yaml"
    assert INFO["version"] == __version__, "run: make generate"


def test_the_changelog_describes_the_version_first_and_older_ones_in_their_order() -> None:
    versions = re.findall(rf"^## \[({SEMANTIC_VERSION})\] - \d{{4}}-\d\d-\d\d$", CHANGELOG, re.MULTILINE)
    assert versions[0] == __version__, "describe the version in CHANGELOG.md"
    assert versions == sorted(versions, key=lambda version: [int(part) for part in version.split(".")], reverse=True)
    assert len(re.findall("^## ", CHANGELOG, re.MULTILINE)) == len(versions) + CHANGELOG.count("\n## [Unreleased]\n")
    assert set(re.findall(r"^### (\w+)", CHANGELOG, re.MULTILINE)) <= KINDS


def test_everything_names_the_licence_of_the_repository() -> None:
    licence = (ROOT / "LICENSE").read_text()
    assert re.match(r"\s+Apache License\s+Version 2\.0, January 2004\s", licence)
    assert PROJECT["project"]["license"] == INFO["license"]["identifier"] == "Apache-2.0"
    assert PROJECT["project"]["license-files"] == ["LICENSE"]
    assert INFO["contact"]
