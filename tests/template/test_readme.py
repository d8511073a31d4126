"""README.md matches the repository."""

from __future__ import annotations

import json
import re

from carrier_simulator.outcomes import OUTCOMES
from local_stack.settings import Settings

from scripts import make_openapi
from tests.support.template import ROOT

README = (ROOT / "README.md").read_text()
# Created by running, building and testing; not under version control.
GENERATED = re.compile(r"\..*|.*\.egg-info|build|__pycache__")


def section(title: str) -> str:
    return README.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_the_readme_lists_the_endpoints_of_the_api() -> None:
    paths = json.loads(make_openapi.TARGET.read_text())["paths"]
    described = [(f"{method.upper()} {path}", entry["summary"]) for path, item in paths.items() for method, entry in item.items()]
    listed = re.findall(r"^\| `(\w+ /[^`]*)` \| (.*) \|$", section("Endpoints"), re.MULTILINE)
    assert sorted(listed) == sorted(described), f"add, remove or correct in the table: {set(listed) ^ set(described)}"


def test_the_readme_lists_the_folders_of_the_repository() -> None:
    named = set(re.findall(r"^(\w+)/", section("Where things are"), re.MULTILINE))
    assert named == {path.name for path in ROOT.iterdir() if path.is_dir() and not GENERATED.fullmatch(path.name)}


def test_the_readme_names_the_packages_and_the_kinds_of_tests() -> None:
    tree = section("Where things are")
    (package,) = re.findall(r"^layers/outreach/.*\n(?:  .*\n)*", tree, re.MULTILINE)
    (tests,) = re.findall(r"^tests/.*\n(?:  .*\n)*", tree, re.MULTILINE)
    domains = {path.parent.name for path in (ROOT / "layers/outreach/outreach").glob("*/__init__.py")}
    kinds = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and any(path.rglob("test_*.py"))}
    missing = {name for name in domains if not re.search(rf"\b{name}\b", package)}
    assert missing == set(), 'add them to "Where things are" in README.md'
    assert {name for name in kinds if not re.search(rf"\b{name}\b", tests)} == set()


def test_the_readme_lists_the_local_settings_with_their_defaults() -> None:
    listed = dict(re.findall(r"^\| `([A-Z_]+)`[^|]* \| ([^|]*) \|", section("Local settings"), re.MULTILINE))
    for name, attribute in {"PORT": "port", "AWS_LOCAL_PORT": "aws_port", "CARRIER_PORT": "carrier_port"}.items():
        assert listed.pop(name) == str(getattr(Settings, attribute))
        assert getattr(Settings.from_environment({name: "4000"}), attribute) == 4000
    assert set(listed) == {"STATE_DIR", "TWILIO_BASE_URL", "IAM"}


def test_the_readme_lists_the_outcomes_that_the_simulator_gives_to_numbers() -> None:
    listed = dict(re.findall(r"^\| `(\d{4})` \| (.*) \|$", README, re.MULTILINE))
    assert listed == {digits: outcome.description for digits, outcome in OUTCOMES.items()}


def test_linked_pages_exist() -> None:
    assert [link for link in re.findall(r"\]\((docs/[^)#]*)", README) if not (ROOT / link).is_file()] == []
