"""Each block of commands in the guides is run by a test, or it is known why not."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.support import guides
from tests.support.guides import IN_THE_PROCESS, NOT_RUN, ON_THE_STACK, PAGES, SELECTIONS_OF_TESTS, Place
from tests.support.template import ROOT, template


def test_each_block_of_commands_is_run_or_it_is_known_why_not() -> None:
    known = [*ON_THE_STACK, *IN_THE_PROCESS, *SELECTIONS_OF_TESTS, *NOT_RUN]
    assert sorted(known) == sorted(place for page in PAGES for place in guides.places(page))


def test_the_resources_of_the_stack_are_not_listed_by_a_call_that_ends_at_a_hundred() -> None:
    """DescribeStackResources returns the first 100 by its API reference, and the stack has almost 400."""
    code = [path for folder in ("scripts", "tools") for path in (ROOT / folder).rglob("*.py")]
    sources = [*(ROOT / "docs").glob("*.md"), *code]
    assert [path.name for path in sources if re.search(r"describe[-_]stack[-_]resources\b", path.read_text())] == []


def test_removing_a_stack_removes_the_secrets_under_its_name() -> None:
    """CloudFormation deletes only what it has made."""
    prefix = str(template()["Globals"]["Function"]["Environment"]["Variables"]["SECRETS_PREFIX"]["Fn::Sub"])
    commands = guides.commands(Place("deploy", "Remove a stack"))
    assert f'--path "{prefix.replace("${AWS::StackName}", "$OUTREACH_STACK")}" --recursive' in commands


@pytest.mark.parametrize("place", sorted(SELECTIONS_OF_TESTS), ids=lambda place: place.heading)
def test_a_command_that_runs_tests_finds_some_with_nothing_but_what_the_page_names(place: Place, tmp_path: Path) -> None:
    script = guides.commands(place)
    # The page's endpoint is made up, and its record must stay as it is.
    for example, value in (
        ("things", "event_webhooks"),
        ("thing", "webhook"),
        ("tests/template/permissions.json", tmp_path / "p"),
    ):
        script = script.replace(example, str(value))
    variables = {name: os.environ[name] for name in ("PATH", "HOME")}
    assert re.search(r"\.py: [1-9]", guides.run(f"{script} --collect-only -q", variables))
