"""Loads the handlers of functions/ by path, because each of them is a file ``app.py``, and invokes them."""

from __future__ import annotations

import base64
import importlib.util
import json
import uuid
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support import described_answers, permissions
from tests.support.template import ROOT, resources

CATCH_ALL = "{proxy+}"


@dataclass
class Context:
    """The context that Lambda passes to a handler."""

    function_name: str = "test"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:test"
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    remaining_ms: int = 60_000

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


@cache
def load(path: str) -> ModuleType:
    """The module ``functions/<path>/app.py``, loaded once, as in a warm function."""
    spec = importlib.util.spec_from_file_location(f"functions.{path.replace('/', '.')}", ROOT / "functions" / path / "app.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def invoke(path: str, event: dict[str, Any]) -> Any:
    """Call the handler of ``functions/<path>``, which may only do what the function's policy allows."""
    with permissions.function(path):
        return load(path).lambda_handler(event, Context())


@dataclass(frozen=True)
class Answer:
    """An HTTP response; ``body`` is parsed when it is JSON."""

    status: int
    headers: dict[str, str]
    body: Any


def call(
    path: str,
    method: str,
    url: str,
    body: Any = None,
    *,
    site_id: str = "10000",
    scopes: str = "",
    headers: dict[str, str] | None = None,
) -> Answer:
    """Call an endpoint's handler as API Gateway does: ``url`` must match a route of the function's template entry.

    The answer must match the OpenAPI description.
    """
    answer = invoke(path, api_event(path, method, url, body, site_id=site_id, scopes=scopes, headers=headers))
    text = base64.b64decode(answer["body"]) if answer["isBase64Encoded"] else answer["body"] or ""
    answered = {name: values[0] for name, values in answer["multiValueHeaders"].items()}
    parsed = json.loads(text) if text and "json" in answered.get("Content-Type", "") else text
    # Some tests need no site; the keys of a real one end with it.
    if "There is no site" not in str(text):
        described_answers.check(method, urlsplit(url).path, answer["statusCode"], answered, parsed)
    return Answer(answer["statusCode"], answered, parsed)


def api_event(
    path: str,
    method: str,
    url: str,
    body: Any = None,
    *,
    site_id: str = "10000",
    scopes: str = "",
    headers: dict[str, str] | None = None,
) -> dict[str, Any]:
    """API Gateway's event (REST API) for a request to the function in ``functions/<path>``."""
    parts = urlsplit(url)
    resource, parameters = _match(path, method, parts.path)
    query = parse_qs(parts.query, keep_blank_values=True)
    raw = body if isinstance(body, str | bytes | None) else json.dumps(body)
    return {
        "resource": resource,
        "path": parts.path,
        "httpMethod": method,
        "headers": {"content-type": "application/json", **(headers or {})},
        "multiValueHeaders": {"content-type": ["application/json"], **{name: [value] for name, value in (headers or {}).items()}},
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": parameters or None,
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "stage": "v1",
            "domainName": "api.example",
            "authorizer": {"siteId": site_id, "scopes": scopes},
        },
        "body": base64.b64encode(raw).decode() if isinstance(raw, bytes) else raw,
        "isBase64Encoded": isinstance(raw, bytes),
    }


def _match(path: str, method: str, url_path: str) -> tuple[str, dict[str, str]]:
    entry = next(entry for entry in resources("AWS::Serverless::Function").values() if entry["CodeUri"] == f"functions/{path}")
    steps = url_path.strip("/").split("/")
    for event in entry["Events"].values():
        route = event["Properties"]
        pattern = route["Path"].strip("/").split("/")
        if matches_method(route["Method"], method) and matches_route(pattern, steps):
            pairs = zip(pattern, steps if pattern != [CATCH_ALL] else ["/".join(steps)], strict=True)
            return route["Path"], {name.strip("{+}"): value for name, value in pairs if name.startswith("{")}
    raise AssertionError(f"{path} has no route for {method} {url_path}")


def matches_method(route_method: str, method: str) -> bool:
    """Return whether a route's method, of the template, takes a request's method."""
    return route_method.upper() in (method.upper(), "ANY")


def matches_route(pattern: list[str], steps: list[str]) -> bool:
    """Whether a path, split at its slashes, matches a route; a variable such as ``{id}`` matches one step."""
    if pattern == [CATCH_ALL]:
        return True
    return len(pattern) == len(steps) and all(
        expected == step or expected.startswith("{") for expected, step in zip(pattern, steps, strict=True)
    )
