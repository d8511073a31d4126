"""Requests that match no route: 404, or 405 with ``Allow`` (docs/api.md, "Errors")."""

from __future__ import annotations

import json
from typing import Any

import pytest

from outreach.errors import NO_SUCH_PATH
from outreach.settings import settings
from tests.support.functions import invoke

GUID = "f8383a83-48e9-4d0d-a3bd-fb19ce5c12db"

CONTEXT = {"requestId": "r1", "domainName": "api.example", "stage": "v1"}

pytestmark = pytest.mark.usefixtures("variables")


def ask(method: str, path: str) -> tuple[dict[str, Any], dict[str, Any]]:
    event = {"httpMethod": method, "pathParameters": {"proxy": path.removeprefix("/")}, "requestContext": CONTEXT}
    answer = invoke("api/route_not_found", event)
    return answer, json.loads(answer["body"])


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", "/contact/contacts", "DELETE, GET, POST"),
        ("PATCH", "/contact/contacts/", "DELETE, GET, POST"),
        ("PUT", "/contact/contacts:query", "POST"),
        ("PUT", "/contact/contacts%3Aquery", "POST"),
        ("HEAD", "/contact/contacts", "DELETE, GET, POST"),
        ("HEAD", "/docs", "GET"),
        ("POST", "/contact/contacts:query", "POST"),
        ("PATCH", f"/outreach/messages/{GUID}", None),
        ("DELETE", f"/outreach/campaignRecords/{GUID}/skipped", "GET"),
        ("PATCH", f"/outreach/campaigns/{GUID}", "DELETE, GET, PUT"),
        ("PATCH", f"/outreach/campaigns/{GUID}:send", "POST"),
        ("HEAD", f"/contact/contacts/{GUID.upper()}:merge/", "POST"),
        ("PATCH", f"/outreach/campaigns/{GUID}:fly", "DELETE, GET, PUT"),
        ("PATCH", "/outreach/campaigns/abc:send", "DELETE, GET, PUT"),
    ],
)
def test_a_known_path_with_another_method_is_405_with_the_allowed_methods(method: str, path: str, allowed: str | None) -> None:
    answer, problem = ask(method, path)
    assert (answer["statusCode"], problem["status"], problem["code"]) == (405, 405, "method_not_allowed")
    assert answer["headers"]["Allow"] == allowed or (allowed is None and "GET" in answer["headers"]["Allow"])


def test_an_unknown_path_is_404_and_says_where_the_paths_are() -> None:
    answer, problem = ask("POST", f"/outreach/campaigns/{GUID}/send")
    assert answer["statusCode"] == 404
    assert problem["detail"] == NO_SUCH_PATH


@pytest.fixture
def public_url(variables: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_BASE_URL", "https://api.customer.example/v1")
    settings.cache_clear()


@pytest.mark.usefixtures("public_url")
@pytest.mark.parametrize(
    ("method", "path", "location"),
    [
        ("POST", "contact/contacts%3Aquery", "/contact/contacts:query"),
        ("POST", "contact/contacts%3aexport/", "/contact/contacts:export"),
        ("POST", "contact/ContactIdentities%3Aidentify", "/contact/ContactIdentities:identify"),
        ("GET", "contact/%63ontacts", "/contact/contacts"),
        ("GET", "contact/contacts%2F%0D%0AX-A%3A%20b", "/contact/contacts/%0D%0AX-A:%20b"),
    ],
)
def test_a_path_that_only_lacks_decoding_is_308_to_the_decoded_path(method: str, path: str, location: str) -> None:
    query = {"pageSize": ["5", "ä&"], "siteId": ["10000"]}
    event = {
        "httpMethod": method,
        "pathParameters": {"proxy": path},
        "multiValueQueryStringParameters": query,
        "requestContext": CONTEXT,
    }
    answer = invoke("api/route_not_found", event)
    assert (answer["statusCode"], answer["body"]) == (308, "")
    url = f"https://api.customer.example/v1{location}?pageSize=5&pageSize=%C3%A4%26&siteId=10000"
    assert (answer["headers"]["Location"], answer["headers"]["X-Request-Id"]) == (url, "r1")


@pytest.mark.parametrize("path", ["contact/contacts%253Aquery", "nothing%3Aquery", "%2F%2Fevil.example%3A"])
def test_a_decoded_path_that_is_no_route_is_no_redirect(path: str) -> None:
    assert ask("POST", path)[0]["statusCode"] == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/webhooks/twilio/1", 405),
        ("PUT", "/webhooks/telnyx/1/inbound/", 405),
        ("POST", "/webhooks/vonage/1", 404),
        ("GET", "/", 404),
    ],
)
def test_a_request_that_matches_no_webhook_is_404_or_405(method: str, path: str, status: int) -> None:
    event = {"rawPath": path, "requestContext": CONTEXT | {"http": {"method": method}}}
    answer = invoke("api/route_not_found", event)
    assert (answer["statusCode"], answer["headers"].get("Allow")) == (status, "POST" if status == 405 else None)


@pytest.mark.parametrize("path", ["/", "/contact", "/contact/contacts/a/b", "/outreach/nothing", "/Contact/contacts"])
def test_an_unknown_path_is_404(path: str) -> None:
    answer, problem = ask("GET", path)
    assert (answer["statusCode"], problem["status"], problem["code"]) == (404, 404, "not_found")
    assert "Allow" not in answer["headers"]


def test_the_response_is_a_problem_with_its_request_id() -> None:
    answer, problem = ask("GET", "/nothing")
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert (answer["headers"]["X-Request-Id"], problem["instance"]) == ("r1", "r1")
