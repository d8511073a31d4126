"""What no route matches (contract, JSON conventions: 404, and 405 with Allow)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.functions import invoke

GUID = "f8383a83-48e9-4d0d-a3bd-fb19ce5c12db"


def ask(method: str, path: str) -> tuple[dict[str, Any], dict[str, Any]]:
    event = {"httpMethod": method, "pathParameters": {"proxy": path.removeprefix("/")}, "requestContext": {"requestId": "r1"}}
    answer = invoke("api/route_not_found", event)
    return answer, json.loads(answer["body"])


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", "/contact/contacts", "DELETE, GET, POST"),
        ("PATCH", "/contact/contacts/", "DELETE, GET, POST"),
        ("PUT", "/contact/contacts:query", "POST"),
        ("PUT", "/contact/contacts%3Aquery", "POST"),
        ("PATCH", f"/outreach/messages/{GUID}", None),
        ("DELETE", f"/outreach/campaignRecords/{GUID}/skipped", "GET"),
    ],
)
def test_a_known_path_with_another_method_is_405_and_tells_which_would_do(method: str, path: str, allowed: str | None) -> None:
    answer, problem = ask(method, path)
    assert (answer["statusCode"], problem["status"], problem["code"]) == (405, 405, "method_not_allowed")
    assert answer["headers"]["Allow"] == allowed or (allowed is None and "GET" in answer["headers"]["Allow"])


@pytest.mark.parametrize("path", ["/", "/contact", "/contact/contacts/a/b", "/outreach/nothing", "/Contact/contacts"])
def test_an_unknown_path_is_404(path: str) -> None:
    answer, problem = ask("GET", path)
    assert (answer["statusCode"], problem["status"], problem["code"]) == (404, 404, "not_found")
    assert "Allow" not in answer["headers"]


def test_the_answer_is_a_problem_with_its_request_id() -> None:
    answer, problem = ask("GET", "/nothing")
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert (answer["headers"]["X-Request-Id"], problem["instance"]) == ("r1", "r1")
