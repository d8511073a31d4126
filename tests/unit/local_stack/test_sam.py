import json
from pathlib import Path

import pytest
from local_stack import sam

PARAMETERS = {"PythonRuntime": "python3.11"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("template.yaml", "functions/contacts/get_contact/app.py", "layers/core/requirements.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("first\n")
    return tmp_path


@pytest.mark.parametrize("name", ["template.yaml", "functions/contacts/get_contact/app.py", "layers/core/requirements.txt"])
def test_a_changed_source_changes_the_fingerprint(project: Path, name: str) -> None:
    before = sam.fingerprint(project, PARAMETERS)
    (project / name).write_text("second\n")
    assert sam.fingerprint(project, PARAMETERS) != before


def test_a_renamed_source_changes_the_fingerprint(project: Path) -> None:
    before = sam.fingerprint(project, PARAMETERS)
    (project / "functions/contacts/get_contact").rename(project / "functions/contacts/read_contact")
    assert sam.fingerprint(project, PARAMETERS) != before


def test_a_parameter_changes_the_fingerprint(project: Path) -> None:
    assert sam.fingerprint(project, PARAMETERS) != sam.fingerprint(project, {"PythonRuntime": "python3.12"})


@pytest.mark.parametrize("name", ["functions/__pycache__/app.pyc", "layers/outreach.egg-info/PKG-INFO", "tests/test_it.py"])
def test_files_outside_the_stack_do_not_change_the_fingerprint(project: Path, name: str) -> None:
    before = sam.fingerprint(project, PARAMETERS)
    (project / name).parent.mkdir(parents=True)
    (project / name).write_text("x")
    assert sam.fingerprint(project, PARAMETERS) == before


def test_the_template_that_is_deployed_is_the_built_one(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text("Resources:\n  Queue:\n    Name:\n      Fn::Sub: ${AWS::StackName}-queue\n")
    target = sam._as_json(tmp_path / "template.yaml")
    assert target == tmp_path / "template.json"
    assert json.loads(target.read_text()) == {"Resources": {"Queue": {"Name": {"Fn::Sub": "${AWS::StackName}-queue"}}}}
