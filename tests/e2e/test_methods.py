"""The gateway of the embedded stack passes every other method of a path, and unknown paths, to the catch-all route."""

from __future__ import annotations

import pytest
import requests
from local_stack import LocalStack
from local_stack.seeds import API_KEYS

from tests.support.client import TIMEOUT_SECONDS


@pytest.mark.parametrize(
    ("method", "path", "status", "allowed"),
    [
        ("PATCH", "/contact/contacts", 405, "DELETE, GET, POST"),
        ("PUT", "/contact/contacts", 405, "DELETE, GET, POST"),
        ("DELETE", "/site", 405, "GET"),
        ("HEAD", "/site", 405, "GET"),
        ("OPTIONS", "/docs", 405, "GET"),
        ("GET", "/contact/contacts:query", 405, "POST"),
        ("PATCH", "/nowhere/at/all", 404, None),
    ],
)
def test_another_method_is_405_and_an_unknown_path_404(
    stack: LocalStack, method: str, path: str, status: int, allowed: str | None
) -> None:
    headers = {"Authorization": f"Bearer {API_KEYS['10000']}"}
    answer = requests.request(method, stack.base_url + path, headers=headers, timeout=TIMEOUT_SECONDS)
    assert (answer.status_code, answer.headers.get("Allow")) == (status, allowed)
