"""The ``type`` of every error leads to the paragraph that explains its code (RFC 9457, section 3.1.1)."""

from __future__ import annotations

import base64
import gzip
import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from outreach.errors import MethodNotAllowed, OutreachError
from outreach.http import problems
from outreach.settings import settings
from scripts import make_errors
from tests.support import gateway
from tests.support.functions import api_event, call, invoke
from tests.support.template import resources
from tests.template.test_documents import gateway_codes, raised_codes

CODES = sorted({code for code, *_ in make_errors.rows()})
KINDS = [kind for kind in OutreachError.__subclasses__() if kind.__module__ == "outreach.errors"]
WEBHOOKS = {
    "rawPath": "/x",
    "requestContext": {"requestId": "r1", "domainName": "hooks.example", "stage": "$default", "http": {}},
}

pytestmark = pytest.mark.usefixtures("variables")


@cache
def page() -> str:
    """The page to which types lead."""
    answer = invoke("api/get_errors", api_event("api/get_errors", "GET", problems.ERRORS_PATH))
    return gzip.decompress(base64.b64decode(answer["body"])).decode()


def assert_leads_to_its_code(problem: dict[str, Any], base_url: str = "https://api.example/v1") -> None:
    url, _, anchor = problem["type"].partition("#")
    assert (url, anchor) == (f"{base_url}/docs/errors", problem["code"])
    assert len(re.findall(f'<section id="{anchor}">', page())) == 1


def test_the_committed_page_matches_the_table() -> None:
    assert make_errors.TARGET.read_text() == make_errors.text(), "run: make generate"


def test_the_page_explains_every_code_that_is_raised_or_is_the_gateway_s() -> None:
    raised = {code for code, _ in raised_codes()} | {code for code, _ in gateway_codes()}
    assert re.findall('<section id="(.*?)">', page()) == CODES
    assert raised - set(CODES) == {"ambiguous"}  # the message of an import's row, which has no code


@pytest.mark.parametrize("code", CODES)
def test_the_type_of_a_code_leads_to_its_paragraph(code: str) -> None:
    event = api_event("sites/get_site", "GET", "/site")
    assert_leads_to_its_code(problems.body(OutreachError(code=code), event))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_error_of_each_kind_leads_to_its_paragraph(kind: type[OutreachError]) -> None:
    error = MethodNotAllowed(["GET"]) if kind is MethodNotAllowed else kind()
    assert_leads_to_its_code(json.loads(problems.response(error, api_event("sites/get_site", "GET", "/site")).body or ""))


def test_the_api_answers_with_the_type() -> None:
    assert_leads_to_its_code(call("sites/get_site", "GET", "/site?nothing=1").body)


@pytest.mark.parametrize("base_url", ["https://a1b2.execute-api.us-east-1.amazonaws.com/v1", "https://api.customer.example/v1"])
def test_the_type_has_the_address_of_the_request(base_url: str) -> None:
    event = api_event("sites/get_site", "GET", "/site")
    event["requestContext"]["domainName"] = urlsplit(base_url).hostname
    assert_leads_to_its_code(problems.body(OutreachError(), event), base_url)


def test_a_public_base_url_takes_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_BASE_URL", "http://127.0.0.1:3000")
    settings.cache_clear()
    assert_leads_to_its_code(call("sites/get_site", "GET", "/site?nothing=1").body, "http://127.0.0.1:3000")


@pytest.mark.parametrize("name", gateway.gateway_responses())
def test_the_gateway_s_own_error_leads_to_its_paragraph(name: str) -> None:
    assert_leads_to_its_code(gateway.gateway_problem(name))


def test_the_gateway_s_own_error_has_the_title_of_its_code() -> None:
    """A title belongs to a code (RFC 9457, section 3.1.3)."""
    titles = {kind.code: kind.title for kind in reversed(KINDS)}
    for name in gateway.gateway_responses():
        problem = gateway.gateway_problem(name)
        assert problem["title"] == titles.get(problem["code"], problem["title"]), name


@pytest.mark.parametrize(("method", "path"), [("GET", "/nothing"), ("PATCH", "/site")])
def test_an_unknown_route_leads_to_its_paragraph(method: str, path: str) -> None:
    answer = invoke("api/route_not_found", api_event("api/route_not_found", method, path))
    assert_leads_to_its_code(json.loads(answer["body"]))


def test_an_error_of_the_webhooks_leads_to_the_page_of_the_api() -> None:
    answer = invoke("api/route_not_found", {**WEBHOOKS, "stageVariables": {"apiUrl": "https://api.example/v1"}})
    assert_leads_to_its_code(json.loads(answer["body"]))
    assert resources("AWS::ApiGatewayV2::Stage")["WebhookStage"]["StageVariables"].keys() == {"apiUrl"}


def test_the_page_loads_and_runs_nothing() -> None:
    answer = invoke("api/get_errors", api_event("api/get_errors", "GET", problems.ERRORS_PATH))
    assert "script" not in answer["headers"]["Content-Security-Policy"]
    assert "<script" not in page()


def test_the_table_of_routes_has_the_page() -> None:
    routes = json.loads((Path(problems.__file__).parent / "routes.json").read_text())
    assert ["GET", problems.ERRORS_PATH] in routes
