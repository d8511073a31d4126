"""The smoke test of a deployed stack, against the API in this process."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest
from werkzeug.serving import make_server

from outreach.settings import settings
from outreach.sites import site_store
from scripts import smoke
from tests.support import gateway


@pytest.fixture
def api(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The base URL of the API."""
    server = make_server("127.0.0.1", 0, gateway.application)
    monkeypatch.setenv("PUBLIC_BASE_URL", f"http://127.0.0.1:{server.port}")
    settings.cache_clear()
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()


def test_a_stack_that_works_passes_and_nothing_is_left(api: str) -> None:
    with smoke.temporary_key() as key:
        smoke.check_version(api, key)
        smoke.check_contact_round_trip(api, key)
    assert site_store.find_key(key) is None


def test_another_version_is_found(api: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smoke, "__version__", "0.1.0")
    with smoke.temporary_key() as key, pytest.raises(RuntimeError, match=r"has version \S+, this checkout 0\.1\.0"):
        smoke.check_version(api, key)


def test_the_key_is_revoked_when_a_check_fails(aws: None) -> None:
    keys = []

    def fail() -> None:
        with smoke.temporary_key() as key:
            keys.append((key, site_store.find_key(key)))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    ((key, stored),) = keys
    assert stored
    assert site_store.find_key(key) is None


def test_an_authorizer_that_accepts_everybody_is_found(api: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with smoke.temporary_key() as key:
        monkeypatch.setattr(gateway, "_authorized", lambda _headers: {"site_id": smoke.SITE, "scopes": ""})
        with pytest.raises(RuntimeError, match="unknown key"):
            smoke.check_contact_round_trip(api, key)


def test_errors_of_the_gateway_encoded_verbs_and_presigned_urls_are_tried(api: str) -> None:
    with smoke.temporary_key() as key:
        smoke.check_gateway_errors(api)
        smoke.check_root(api)
        smoke.check_large_body(api, key)
        smoke.check_encoded_verb(api, key)
    smoke.check_presigned_url()


def test_a_gateway_that_answers_errors_in_another_form_is_found(api: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smoke, "HEADERS", ("X-Other",))
    with pytest.raises(RuntimeError, match="without \\['X-Other'\\]"):
        smoke.check_gateway_errors(api)


def test_a_type_that_explains_nothing_is_found(api: str, monkeypatch: pytest.MonkeyPatch) -> None:
    teapot = {"type": f"{api}/docs/errors#teapot", "status": 401, "code": "teapot"}
    monkeypatch.setattr(gateway, "gateway_problem", lambda *_: teapot)
    with pytest.raises(RuntimeError, match="#teapot has status 200 and does not explain teapot"):
        smoke.check_gateway_errors(api)


def test_a_body_with_another_status_is_found(api: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "gateway_problem", lambda *_: {"status": 400})
    with pytest.raises(RuntimeError, match="the body says status 400, the answer 401"):
        smoke.check_gateway_errors(api)


class Client:
    """Answers for an API with stages."""

    def __init__(self, *stages: str) -> None:
        self.stages = stages

    def describe_stack_resource(self, **_: str) -> dict[str, Any]:
        return {"StackResourceDetail": {"PhysicalResourceId": "a1b2"}}

    def get_stages(self, **_: str) -> dict[str, Any]:
        limits = {"*/*": {"throttlingRateLimit": 500.0}}
        return {"item": [{"stageName": name, "methodSettings": limits} for name in self.stages]}


def test_a_stage_without_limits_is_found() -> None:
    smoke.check_limits(lambda _service: Client("v1"), "outreach", {"ApiRateLimit": "500"})
    with pytest.raises(RuntimeError, match="delete-stage --rest-api-id a1b2 --stage-name Stage"):
        smoke.check_limits(lambda _service: Client("Stage", "v1"), "outreach", {"ApiRateLimit": "500"})
    with pytest.raises(RuntimeError, match=r"limited to 500\.0 requests a second, the parameter says 400"):
        smoke.check_limits(lambda _service: Client("v1"), "outreach", {"ApiRateLimit": "400"})


def test_messages_without_the_operators_key_are_found(aws: None) -> None:
    smoke.check_key("")
    with pytest.raises(RuntimeError, match="encrypted with a key of AWS"):
        smoke.check_key("arn:aws:kms:us-east-1:123456789012:key/any")
