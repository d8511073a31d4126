"""The description of the API and the page to try it with: open to everybody, and needing nothing from elsewhere."""

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


def test_the_description_is_served_as_it_is_committed() -> None:
    answer = get("api/get_openapi", "/openapi.json")
    assert answer["body"] == make_openapi.TARGET.read_text()
    assert len(json.dumps(answer)) < LAMBDA_LIMIT


def test_the_page_fits_into_an_answer() -> None:
    assert len(json.dumps(get("api/get_docs", "/docs"))) < LAMBDA_LIMIT


def test_only_the_scripts_of_the_page_may_run() -> None:
    html, policy = page()
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    hashes = {f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in scripts}
    assert len(scripts) == 2
    assert set(re.search(r"script-src ([^;]*)", policy)[1].split()) == hashes  # type: ignore[index]


def test_the_page_loads_nothing_from_elsewhere() -> None:
    html, policy = page()
    assert set(re.findall(r"(?:src|href)=\"([^\"]*)", html.partition("<script>")[0])) == {"data:,"}
    assert {"default-src 'none'", "connect-src 'self'", "img-src 'self' data:"} < set(policy.split("; "))
