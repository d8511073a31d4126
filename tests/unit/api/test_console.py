"""The page of the console: small, self-contained, and allowed to do little."""

from __future__ import annotations

import base64
import gzip
import re
from typing import Any

import pytest

from outreach.http.html_page import hash_source
from tests.support.functions import api_event, load
from tests.support.template import resources

# At most so many bytes cross the network. A quarter of them are the forms of phone numbers of all countries.
MOST_BYTES = 200_000


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("BUCKET_ORIGINS", "https://files.example https://audiences.example")
    handler = load("api/get_console")
    handler._page.cache_clear()
    response: dict[str, Any] = handler.lambda_handler(api_event("api/get_console", "GET", "/console"), None)
    handler._page.cache_clear()
    return response


def _html(answer: dict[str, Any]) -> str:
    return gzip.decompress(base64.b64decode(answer["body"])).decode()


def _policy(answer: dict[str, Any]) -> dict[str, str]:
    directives = (directive.partition(" ") for directive in answer["headers"]["Content-Security-Policy"].split("; "))
    return {name: value for name, _, value in directives}


def test_the_page_is_small(answer: dict[str, Any]) -> None:
    assert len(base64.b64decode(answer["body"])) <= MOST_BYTES


def test_only_the_script_and_the_style_of_the_page_are_allowed(answer: dict[str, Any]) -> None:
    (script,) = re.findall(r"<script[^>]*>(.*?)</script>", _html(answer), re.DOTALL)
    (style,) = re.findall(r"<style>(.*?)</style>", _html(answer), re.DOTALL)
    assert (_policy(answer)["script-src"], _policy(answer)["style-src"]) == (hash_source(script), hash_source(style))


def test_the_page_connects_to_the_api_and_the_buckets_only(answer: dict[str, Any]) -> None:
    policy = _policy(answer)
    assert policy["connect-src"] == "'self' https://files.example https://audiences.example"
    assert policy["default-src"] == policy["frame-ancestors"] == policy["form-action"] == "'none'"


def test_the_page_cannot_turn_text_into_code(answer: dict[str, Any]) -> None:
    assert _policy(answer)["require-trusted-types-for"] == "'script'"
    assert answer["headers"]["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("bucket", ["FilesBucket", "AudienceBucket"])
def test_a_bucket_answers_a_page_of_another_origin_by_presigned_url_only(bucket: str) -> None:
    properties = resources("AWS::S3::Bucket")[bucket]
    (rule,) = properties["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedOrigins"] == ["*"]
    assert properties["PublicAccessBlockConfiguration"] == dict.fromkeys(
        ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
    )
