"""Fixtures that every kind of test shares."""

from __future__ import annotations

from collections.abc import Iterator
from threading import RLock
from typing import Any

import pytest
from aws_lambda_powertools.utilities import parameters
from botocore.client import BaseClient
from moto import mock_aws

from outreach import aws as aws_clients
from outreach.settings import settings
from tests.support import template


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A mocked account with the template's tables, queues and buckets, and the functions' environment."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    _one_call_at_a_time(monkeypatch)
    with mock_aws():
        _forget_the_process()
        for name, value in template.function_environment(template.create_data_resources()).items():
            monkeypatch.setenv(name, value)
        yield
    _forget_the_process()


def _one_call_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """moto checks a condition and writes in two steps; DynamoDB in one."""
    lock = RLock()
    make_call = BaseClient._make_api_call

    def locked(client: Any, operation: str, arguments: Any) -> Any:
        with lock:
            return make_call(client, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", locked)


def _forget_the_process() -> None:
    settings.cache_clear()
    aws_clients._client.cache_clear()
    parameters.clear_caches()
