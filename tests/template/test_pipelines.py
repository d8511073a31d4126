"""The workflows, the hooks of pre-commit and Dependabot name only what exists, and the workflows have no right too many."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.support.template import ROOT

WORKFLOWS = {path.name: yaml.safe_load(path.read_text()) for path in sorted((ROOT / ".github/workflows").iterdir())}
HOOKS = [
    hook for repository in yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"] for hook in repository["hooks"]
]
UPDATES = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text())["updates"]
JOBS = [
    pytest.param(workflow, job, id=f"{name}-{job_name}")
    for name, workflow in WORKFLOWS.items()
    for job_name, job in workflow["jobs"].items()
]
LOCAL = "./.github/workflows/"
AWS = "aws-actions/configure-aws-credentials"
READ_ONLY = {"contents": "read"}
WITH_TOKEN = {"contents": "read", "id-token": "write"}


def triggers(workflow: dict[Any, Any]) -> dict[str, Any]:
    """What starts a workflow; YAML 1.1 reads its key ``on`` as true."""
    return dict(workflow[True])


def steps(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job.get("steps", [])]


def commands() -> list[str]:
    runs = [step["run"] for workflow in WORKFLOWS.values() for step in steps(workflow) if "run" in step]
    return [*runs, *(hook["entry"] for hook in HOOKS)]


def uses() -> Iterator[str]:
    """The actions and workflows that the workflows use."""
    for workflow in WORKFLOWS.values():
        yield from (part["uses"] for part in [*workflow["jobs"].values(), *steps(workflow)] if "uses" in part)


def expressions(node: Any) -> list[str]:
    return re.findall(r"\${{ *(.*?) *}}", yaml.safe_dump(node, width=10_000))


def test_every_command_is_a_target_of_the_makefile_or_a_script() -> None:
    targets = set(re.findall(r"^([a-z-]+):.* ## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {target for command in commands() for target in re.findall(r"\bmake (?:--\S+ )*([a-z-]+)", command)}
    others = [command for command in commands() if "make " not in command]
    assert named
    assert named <= targets
    assert [command for command in others if not os.access(ROOT / command, os.X_OK)] == []


def test_pull_requests_are_checked_by_the_script_for_it() -> None:
    assert "pull_request" in triggers(WORKFLOWS["check.yml"])
    assert [step["run"] for step in steps(WORKFLOWS["check.yml"]) if "run" in step] == [".ci/run"]


def test_actions_of_others_are_pinned_to_a_commit_and_own_workflows_exist() -> None:
    own = {name.removeprefix(LOCAL) for name in uses() if name.startswith(LOCAL)}
    assert own <= set(WORKFLOWS)
    assert [name for name in uses() if not name.startswith(LOCAL) and not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", name)] == []


# The first major version of an action that runs on Node.js 24. GitHub removed Node.js 20 from its runners in September 2026.
ON_NODE_24 = {
    "actions/checkout": 5,
    "actions/setup-python": 6,
    "actions/upload-artifact": 6,
    "actions/download-artifact": 7,
    "aws-actions/configure-aws-credentials": 6,
}


def test_actions_run_on_a_version_of_node_that_runners_have() -> None:
    texts = [path.read_text() for path in sorted((ROOT / ".github/workflows").iterdir())]
    pinned = [use for text in texts for use in re.findall(r"uses: ([\w/-]+)@[0-9a-f]{40} # v(\d+)", text)]
    assert {name for name, _ in pinned} == set(ON_NODE_24)
    assert [f"{name} v{major}" for name, major in pinned if int(major) < ON_NODE_24[name]] == []


@pytest.mark.parametrize(("workflow", "job"), JOBS)
def test_a_job_runs_or_calls_a_workflow_with_its_inputs_and_permissions(workflow: dict[str, Any], job: dict[str, Any]) -> None:
    needs = job.get("needs", [])
    assert {needs} if isinstance(needs, str) else set(needs) <= set(workflow["jobs"])
    if "uses" not in job:
        assert job["timeout-minutes"]
        assert all(("uses" in step) != ("run" in step) for step in job["steps"])
        return
    called = WORKFLOWS[job["uses"].removeprefix(LOCAL)]
    declared = (triggers(called)["workflow_call"] or {}).get("inputs", {})
    assert {name for name, entry in declared.items() if entry["required"]} <= set(job.get("with", {})) <= set(declared)
    granted = job.get("permissions", workflow["permissions"])
    assert all(inner.get("permissions", called["permissions"]).items() <= granted.items() for inner in called["jobs"].values())


@pytest.mark.parametrize(("workflow", "job"), JOBS)
def test_expressions_name_inputs_and_variables_that_exist(workflow: dict[str, Any], job: dict[str, Any]) -> None:
    inputs = (triggers(workflow).get("workflow_call") or {}).get("inputs", {})
    known = {f"inputs.{name}" for name in inputs} | {f"matrix.{name}" for name in job.get("strategy", {}).get("matrix", {})}
    assert [name for name in expressions(job) if name not in known and not name.startswith("vars.")] == []


def test_no_workflow_has_a_stored_key_and_only_deployments_get_a_token() -> None:
    assert [name for workflow in WORKFLOWS.values() for name in expressions(workflow) if "secrets" in name] == []
    for name, workflow in WORKFLOWS.items():
        assert workflow["permissions"] == READ_ONLY, name
        for job in workflow["jobs"].values():
            deploys = job.get("uses") == f"{LOCAL}deploy.yml" or any(AWS in step.get("uses", "") for step in job.get("steps", []))
            assert job.get("permissions", READ_ONLY) == (WITH_TOKEN if deploys else READ_ONLY), name
    (credentials,) = [step["with"] for step in steps(WORKFLOWS["deploy.yml"]) if AWS in step.get("uses", "")]
    assert set(credentials) == {"aws-region", "role-to-assume"}


def test_the_role_of_the_guide_trusts_one_environment_in_both_forms_of_the_token_s_subject() -> None:
    """Since July 2026, the subject of a new repository has the ids of owner and repository."""
    guide = (ROOT / "docs/deploy.md").read_text()
    (trusted,) = re.findall(r'githubusercontent\.com:sub": "(.+)"', guide)
    assert trusted == "repo:<owner>@<owner id>/<repository>@<repository id>:environment:production"
    assert f"`{re.sub(r'@<[^>]+>', '', trusted)}`" in guide


def test_a_release_goes_to_production_only_from_a_staging_that_was_tried() -> None:
    jobs = WORKFLOWS["release.yml"]["jobs"]
    assert {name: job.get("needs") for name, job in jobs.items()} == {
        "check": None,
        "build": "check",
        "staging": "build",
        "production": "staging",
    }
    assert [step["run"] for step in steps(WORKFLOWS["deploy.yml"]) if "run" in step] == ["make deploy", "make smoke"]
    artifacts = {
        step["with"]["name"]
        for name in ("release.yml", "deploy.yml")
        for step in steps(WORKFLOWS[name])
        if "artifact" in step.get("uses", "")
    }
    assert artifacts == {"build"}


@pytest.mark.parametrize("job", ["staging", "production"])
def test_a_deployment_has_a_profile_of_its_own(job: str) -> None:
    profile = WORKFLOWS["release.yml"]["jobs"][job]["with"]["profile"]
    parameters = tomllib.loads((ROOT / "samconfig.toml").read_text())[profile]["deploy"]["parameters"]
    assert parameters["stack_name"] == f"outreach-{profile}"


def test_hooks_are_local_and_have_a_stage_that_is_installed() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    assert [repository["repo"] for repository in config["repos"]] == ["local"]
    assert {stage for hook in HOOKS for stage in hook["stages"]} == set(config["default_install_hook_types"])
    assert all(hook["language"] == "system" and hook["pass_filenames"] is False for hook in HOOKS)


def folders_of(*patterns: str) -> set[str]:
    """The folders of the files that match, without those of installations, which are hidden."""
    folders = {path.parent.relative_to(ROOT) for pattern in patterns for path in ROOT.glob(pattern)}
    return {f"/{folder}" for folder in folders if not re.search(r"(^|/)(\.|node_modules)", str(folder))}


def test_dependabot_knows_every_lock_file_and_the_actions() -> None:
    updates = {update["package-ecosystem"]: update for update in UPDATES}
    assert set(updates) == {"pip", "npm", "github-actions"}
    assert set(updates["pip"]["directories"]) == folders_of("requirements/*.in", "layers/*/*.in")
    assert set(updates["npm"]["directories"]) == folders_of("*/package-lock.json", "*/*/package-lock.json")
    assert updates["github-actions"]["directory"] == "/"
