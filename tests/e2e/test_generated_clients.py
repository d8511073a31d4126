"""Generated clients send campaigns and transfer files, and the requests of Postman work as they are."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from local_stack import LocalStack
from local_stack.seeds import ACCOUNTS, API_KEYS
from openpyxl import Workbook

from tests.support import openapi_tools
from tests.support.openapi_tools import DESCRIPTION, needs_node, needs_python_generator, node, python

pytestmark = pytest.mark.reliability

CLIENTS = Path(__file__).with_name("clients")
# What the examples name does not exist in the site, nor does the file of the import.
UNKNOWN_IN_BODIES = {"/channelAccountId", "/contactId", "/failedOf", "/uploadFile"}


def workbook(folder: Path, company: str, number: str) -> str:
    """Write an XLSX file of one contact; returns its path."""
    book = Workbook()
    assert book.active
    for row in (("name", "SMS", "company"), ("Ada", number, company)):
        book.active.append(row)
    path = folder / "contacts.xlsx"
    book.save(path)
    return str(path)


@needs_python_generator
def test_a_client_of_python_makes_a_journey(tmp_path: Path, stack: LocalStack) -> None:
    openapi_tools.generate_python_client(tmp_path)
    script = str(shutil.copy(CLIENTS / "journey.py", tmp_path))
    python("mypy", "--strict", script, folder=tmp_path)
    file = workbook(tmp_path, "Python Ltd", "+12125554101")
    arguments = (stack.base_url, API_KEYS["10000"], ACCOUNTS[0][0].id, file)
    assert "journey completed" in python("python", script, *arguments, folder=tmp_path)


@needs_node
def test_types_of_typescript_make_a_journey(tmp_path: Path, stack: LocalStack) -> None:
    openapi_tools.link_packages(tmp_path)
    openapi_tools.generate_typescript_types(tmp_path)
    shutil.copy(CLIENTS / "journey.mts", tmp_path)
    node("tsc", "--strict", "--module", "nodenext", "--target", "es2023", "journey.mts", folder=tmp_path)
    file = workbook(tmp_path, "TypeScript Ltd", "+12125554102")
    arguments = (stack.base_url, API_KEYS["10000"], ACCOUNTS[0][0].id, file)
    assert "journey completed" in openapi_tools.run_script("journey.mjs", *arguments, folder=tmp_path)


@needs_node
def test_requests_of_postman_work_as_they_are_but_for_ids_that_do_not_exist(tmp_path: Path, stack: LocalStack) -> None:
    collection, report = tmp_path / "collection.json", tmp_path / "report.json"
    node("openapi2postmanv2", "--spec", DESCRIPTION, "--output", str(collection), "--options", "parametersResolution=Example")
    variables = ("--env-var", f"bearerToken={API_KEYS['20000']}", "--env-var", f"baseUrl={stack.base_url}")
    exports = ("--reporters", "json", "--reporter-json-export", str(report))
    node("newman", "run", str(collection), *variables, *exports, "--ignore-redirects", folder=tmp_path)
    executions = list(answers(json.loads(report.read_text())))
    assert len(executions) == sum(len(item) for item in json.loads(Path(DESCRIPTION).read_text())["paths"].values())
    assert [(request, answer) for request, status, answer in executions if not works(status, answer)] == []


def answers(report: dict[str, Any]) -> Iterator[tuple[str, int, str]]:
    """The request, the status and the body of each answer."""
    for execution in report["run"]["executions"]:
        request, response = execution["request"], execution["response"]
        path = "/".join(request["url"]["path"])
        yield f"{request['method']} {path}", response["code"], bytes(response["stream"]["data"]).decode(errors="replace")


def works(status: int, answer: str) -> bool:
    if status == 400:
        errors = json.loads(answer).get("errors", [])
        return bool(errors) and {error["pointer"] for error in errors} <= UNKNOWN_IN_BODIES
    return status < 400 or status == 404
