"""The commands of the guides in docs/: which tests run them, and which cannot be run."""

from __future__ import annotations

import inspect
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

from tests.support.template import ROOT

PAGES = ("deploy", "operations", "contributing")
# Commands have no language or are for bash.
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)


class Place(NamedTuple):
    """A block of commands: the page, the heading of the section (empty before the first one), and its place there from 0."""

    page: str
    heading: str
    number: int = 0


# Run by bash against the embedded stack, in tests/e2e/test_guides.py.
ON_THE_STACK = {
    Place("deploy", "2. A site and its key", 0),
    Place("deploy", "2. A site and its key", 1),
    Place("deploy", "3. A carrier", 0),
    Place("deploy", "4. Callbacks"),
    Place("deploy", "5. The first message"),
}
# Read by bash and run in the process of the tests, in tests/unit/outreach_admin/test_guides.py.
IN_THE_PROCESS = {
    Place("deploy", "2. A site and its key", 2),
    Place("deploy", "3. A carrier", 1),
    Place("operations", "", 0),
    Place("operations", "", 1),
    Place("operations", "Stop sending", 0),
    Place("operations", "Stop sending", 1),
    Place("operations", "A leaked key or secret"),
    Place("operations", "Dead letters"),
    Place("operations", "Restoring data", 0),
    Place("operations", "Restoring data", 1),
    Place("operations", "Restoring data", 2),
    Place("operations", "A deleted table, queue or key", 0),
    Place("operations", "A deleted table, queue or key", 3),
}
# Run by bash without running the tests that they select, in tests/template/test_guides.py.
SELECTIONS_OF_TESTS = {
    Place("contributing", "Add an endpoint"),
    Place("contributing", "Check the description with client generators"),
}
# Not run, and why.
NOT_RUN = {
    Place("deploy", "Before the first deployment"): "shows a quota of an AWS account",
    Place("deploy", "1. Build and deploy"): "deploys to AWS; the embedded stack runs the same build",
    Place("deploy", "Remove a stack", 0): "deletes a stack of AWS; `empty-buckets` has tests of its own",
    Place("deploy", "Remove a stack", 1): "stops executions of a stack of AWS",
    Place("deploy", "Let alarms roll back"): "changes a stack of AWS",
    Place("deploy", "Roll out step by step"): "asks CodeDeploy, which no local AWS has",
    Place("deploy", "Roll back", 0): "deploys an older release to AWS",
    Place("deploy", "Roll back", 1): "needs the AWS CLI; tests/e2e/test_versions.py makes the same calls on the embedded stack",
    Place("operations", "Where to look"): "asks CloudWatch Logs Insights, which no local AWS has",
    Place("operations", "A leaked key or secret", 1): "asks CloudWatch Logs Insights, which no local AWS has",
    Place("operations", "A deleted table, queue or key", 1): "deploys to AWS; tags have no effect on the embedded stack",
    Place("operations", "A deleted table, queue or key", 2): "needs the AWS CLI",
    Place("operations", "A deleted table, queue or key", 4): "needs the AWS CLI; block 3 has its other command",
    Place("contributing", "In containers", 0): "needs Docker",
    Place("contributing", "In containers", 1): "needs Docker",
}


def places(page: str) -> list[Place]:
    """The blocks of commands of a page."""
    return [Place(page, heading, number) for heading, text in _sections(page).items() for number in range(len(_commands(text)))]


def commands(place: Place) -> str:
    """The commands of a block."""
    return _commands(_sections(place.page)[place.heading])[place.number]


def run(script: str, environment: dict[str, str], *, folder: Path = ROOT, given: str = "") -> str:
    """Run commands in bash with nothing but these variables; return what they print.

    Args:
        folder: the working directory.
        given: what they read from standard input.
    """
    process = subprocess.run(  # noqa: S603
        ["/bin/bash", "-c", f"set -e\nshopt -s expand_aliases\n{script}"],
        cwd=folder,
        env=environment,
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def _sections(page: str) -> dict[str, str]:
    first, *others = re.split(r"^## ", (ROOT / f"docs/{page}.md").read_text(), flags=re.MULTILINE)
    return {"": first} | {heading: text for heading, _, text in (section.partition("\n") for section in others)}


def _commands(text: str) -> list[str]:
    return [inspect.cleandoc(found) for _, language, found in _FENCE.findall(text) if language in ("", "bash")]
