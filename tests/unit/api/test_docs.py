"""The OpenAPI description and the documentation page: self-contained, without an API key."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from typing import Any

from scripts import make_openapi
from tests.support.functions import api_event, invoke

LAMBDA_LIMIT = 6_000_000


def get(function: str, path: str) -> dict[str, Any]:
    answer: dict[str, Any] = invoke(function, api_event(function, "GET", path))
    return answer


def page() -> tuple[str, str]:
    answer = get("api/get_docs", "/docs")
    return gzip.decompress(base64.b64decode(answer["body"])).decode(), answer["headers"]["Content-Security-Policy"]


def test_the_committed_description_is_served_with_the_address_of_the_api(aws: None) -> None:
    answer = get("api/get_openapi", "/openapi.json")
    served, committed = json.loads(answer["body"]), json.loads(make_openapi.TARGET.read_text())
    context = api_event("api/get_openapi", "GET", "/openapi.json")["requestContext"]
    assert served == committed | {"servers": [{"url": f"https://{context['domainName']}/{context['stage']}"}]}
    assert len(json.dumps(answer)) < LAMBDA_LIMIT


def test_the_page_fits_into_a_lambda_response() -> None:
    assert len(json.dumps(get("api/get_docs", "/docs"))) < LAMBDA_LIMIT


def test_only_the_scripts_of_the_page_are_allowed() -> None:
    html, policy = page()
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    hashes = {f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in scripts}
    assert len(scripts) == 2
    assert set(re.search(r"script-src ([^;]*)", policy)[1].split()) == hashes  # type: ignore[index]


def test_the_page_sends_a_new_idempotency_key_instead_of_the_example() -> None:
    parameters = json.loads(make_openapi.TARGET.read_text())["components"]["parameters"]
    html, _ = page()
    assert f'request.headers["Idempotency-Key"] === "{parameters["idempotencyKey"]["example"]}"' in html


def test_the_page_loads_nothing_from_other_servers() -> None:
    html, policy = page()
    assert set(re.findall(r"(?:src|href)=\"([^\"]*)", html.partition("<script>")[0])) == {"data:,"}
    assert {"default-src 'none'", "connect-src 'self'", "img-src 'self' data:"} < set(policy.split("; "))
