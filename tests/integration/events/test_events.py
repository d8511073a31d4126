"""Each function handles its sample event, and the event has the format of the function's trigger."""

from __future__ import annotations

import json
from typing import Any

import pytest

from outreach import clock
from outreach.settings import settings
from tests.support.expected_answers import CALLS, RESULTS, expected, outcome
from tests.support.functions import invoke, matches_method
from tests.support.http_server import Server
from tests.support.stack import event_file, events, folder, functions

WEBHOOKS = ["ReceiveTwilio", "ReceiveTelnyx"]
APIS = sorted({name for name, _ in events("Api")})


def event_of(name: str) -> Any:
    return json.loads(event_file(functions()[name]).read_text())


def handle(name: str) -> Any:
    path = folder(functions()[name])
    return invoke(f"{path.parent.name}/{path.name}", event_of(name))


@pytest.mark.parametrize("name", APIS)
def test_the_sample_request_matches_a_route_of_its_function(name: str) -> None:
    event = event_of(name)
    routes = [(route["Method"], route["Path"]) for owner, route in events("Api") if owner == name]
    path = event["resource"].replace("+}", "}").format(**event["pathParameters"] or {})
    assert any(matches_method(method, event["httpMethod"]) and route == event["resource"] for method, route in routes)
    assert (event["path"], event["requestContext"]["path"]) == (path, f"/v1{path}")


@pytest.mark.parametrize("name", APIS)
def test_an_endpoint_answers_its_sample_request(sample_services: Server, name: str) -> None:
    answer = handle(name)
    assert outcome(answer) == expected(name), answer["body"]
    headers = {**answer.get("headers", {}), **{key: values[0] for key, values in (answer.get("multiValueHeaders") or {}).items()}}
    is_json = "json" in headers.get("Content-Type", "")
    assert not is_json or isinstance(json.loads(answer["body"]), dict | list)


@pytest.mark.parametrize("name", RESULTS)
def test_a_worker_handles_its_sample_event(sample_services: Server, name: str) -> None:
    assert outcome(handle(name)) == expected(name)
    assert len(sample_services.requests) == CALLS.get(name, 0)


@pytest.mark.parametrize("name", WEBHOOKS)
def test_the_signature_of_a_sample_webhook_is_valid(sample_services: Server, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    request = event_of(name)["requestContext"]
    monkeypatch.setenv("WEBHOOK_BASE_URL", f"https://{request['domainName']}")
    settings.cache_clear()
    # Telnyx signs the time too, and an old webhook is refused.
    monkeypatch.setattr(clock, "now", lambda: clock.from_epoch(request["timeEpoch"] / 1000))
    assert outcome(handle(name)) == expected(name)


def test_every_function_is_tested() -> None:
    assert {*APIS, *RESULTS, *WEBHOOKS} == set(functions())
