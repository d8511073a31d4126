"""Fixtures that every kind of test shares."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import RLock
from typing import Any

import pytest
from aws_lambda_powertools.utilities import parameters
from botocore.client import BaseClient
from moto import mock_aws
from moto.moto_api._internal.models import moto_api_backend
from xdist.scheduler import LoadScopeScheduling

from outreach.callbacks import telling
from outreach.delivery import receipts
from outreach.settings import settings
from tests.support import figures, permissions, template


def pytest_sessionfinish() -> None:
    """Where the files are wanted, note what the functions have used of their permissions, and what was tried."""
    if file := os.environ.get("RECORD_PERMISSIONS"):
        permissions.write_down(Path(file))
    if file := os.environ.get("FIGURES"):
        figures.write_down(Path(file))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each test needs an id of its own, for xdist runs one of each id; those of schemathesis lack the endpoint (pytest 9.2)."""
    for item in items:
        name, _, endpoint = item.name.partition("[")
        if endpoint and item.nodeid.endswith(f"::{name}"):
            item._id = item.id.with_params(endpoint.removesuffix("]"))
    if len({item.nodeid for item in items}) < len(items):
        raise pytest.UsageError("several tests have the same id, and only one of them would run")


class _OneStack(LoadScopeScheduling):
    """Tests go to whoever is free, but those of the embedded stack to one process, and first: they share it, and take longest.

    Not by ``--dist loadgroup``, which pytest 9.2 makes do nothing (pytest-xdist #1386).
    """

    def _split_scope(self, nodeid: str) -> str:
        return "stack" if nodeid.startswith("tests/e2e/") else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _OneStack:
    """How ``pytest -n`` hands out tests."""
    return _OneStack(config, log)


@pytest.fixture(scope="module")
def _mocked_account() -> Iterator[None]:
    """moto, started once a module: that takes longer than making the resources anew."""
    with pytest.MonkeyPatch.context() as environment:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            environment.setenv(name, "testing")
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        environment.delenv("AWS_ENDPOINT_URL", raising=False)
        with mock_aws():
            yield


@pytest.fixture
def aws(_mocked_account: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A fresh mocked account with the template's tables, queues and buckets, and the functions' environment."""
    moto_api_backend.reset()
    _one_call_at_a_time(monkeypatch)
    _one_function_in_all_its_threads(monkeypatch)
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
        permissions.note(client, operation, arguments)
        with lock:
            return make_call(client, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", locked)


def _one_function_in_all_its_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    submit = ThreadPoolExecutor.submit

    def carrying(pool: ThreadPoolExecutor, work: Any, *arguments: Any, **options: Any) -> Any:
        return submit(pool, permissions.carried(work), *arguments, **options)

    monkeypatch.setattr(ThreadPoolExecutor, "submit", carrying)


def _forget_the_process() -> None:
    settings.cache_clear()
    receipts.known_account.cache_clear()
    telling.shared.cache_clear()
    parameters.clear_caches()
