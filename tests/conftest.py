"""Fixtures that every kind of test shares."""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from threading import RLock
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from moto import mock_aws
from moto.dynamodb.models import DynamoDBBackend
from moto.moto_api._internal.models import moto_api_backend
from xdist.scheduler import LoadScopeScheduling

from outreach import aws as aws_clients
from outreach import clock, parameter_store
from outreach.callbacks import callback_request, delivery_attempt
from outreach.inbound import authentication
from outreach.observability import logger
from outreach.settings import settings
from tests.support import customer_endpoint, fast_moto, partiql, permissions, pipeline, reliability_figures, template
from tests.support.session_limit import pytest_runtest_logfinish, pytest_runtest_logstart, pytest_sessionstart  # noqa: F401 - hooks

# The URL of a server that takes the place of the mocked DynamoDB (tests/reliability/test_another_dynamodb.py).
ANOTHER_DYNAMODB = os.environ.get("ANOTHER_DYNAMODB", "")
# Its tests start stacks of their own, so they need not wait for those that share one.
_DEMO = "tests/e2e/test_demo.py"
_END_TO_END, _CONSOLE = "tests/e2e/", "tests/e2e/console/"
_MANY_PROCESSES = 5


def pytest_sessionfinish() -> None:
    """Write the files that the environment asks for: the used permissions and the figures of the reliability tests."""
    if file := os.environ.get("RECORD_PERMISSIONS"):
        permissions.write_record(Path(file))
    if file := os.environ.get("FIGURES"):
        reliability_figures.write_figures(Path(file))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Make test ids unique, because xdist runs only one test of each id; ids of schemathesis lack the endpoint (pytest 9.2).

    The tests of the demo come first, because they take long. On the shared stack, the console and the examples of the description
    come last: the sends of the console keep slots of the accounts, and the examples opt out the number of the README.
    """
    items.sort(key=lambda item: item.nodeid.startswith((_CONSOLE, "tests/e2e/test_openapi.py")))
    items.sort(key=lambda item: not item.nodeid.startswith(_DEMO))
    for item in items:
        name, _, endpoint = item.name.partition("[")
        if endpoint and item.nodeid.endswith(f"::{name}"):
            item._id = item.id.with_params(endpoint.removesuffix("]"))
    if len({item.nodeid for item in items}) < len(items):
        raise pytest.UsageError("several tests have the same id, so xdist would run only one of them")


class _SharedStacks(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """Runs the tests of the embedded stack first and in one process, because they share the stack and take longest.

    With many processes another one runs those of the console, with a stack of its own, because all would wait for them. With few
    it would only take processor time. All other tests run in any process, also those of the demo, which starts stacks of its own.
    ``--dist loadgroup`` has no effect with pytest 9.2 (pytest-xdist #1386).
    """

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(_DEMO) or not nodeid.startswith(_END_TO_END):
            return nodeid
        return _CONSOLE if nodeid.startswith(_CONSOLE) and self.numnodes >= _MANY_PROCESSES else _END_TO_END

    def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:
        """Forget completed tests, because xdist counts all tests that a process ever got, at each event of each test."""
        super().mark_test_complete(node, item_index, duration)
        scope = self._split_scope(self.registered_collections[node][item_index])
        if all(self.assigned_work[node][scope].values()):
            del self.assigned_work[node][scope]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _SharedStacks:
    """Choose the scheduler of ``pytest -n``."""
    return _SharedStacks(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let other tests wait for those of the embedded stack, which run one after the other and take longest."""
    if "PYTEST_XDIST_WORKER" in os.environ and not item.nodeid.startswith(_END_TO_END):
        _yield_processors()


@cache
def _yield_processors() -> None:
    os.nice(5)


@pytest.fixture(scope="module")
def _mocked_account() -> Iterator[None]:
    """Start moto once per module, because starting it takes longer than creating the resources again."""
    with pytest.MonkeyPatch.context() as environment:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            environment.setenv(name, "testing")
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        environment.delenv("AWS_ENDPOINT_URL", raising=False)
        environment.setattr(boto3, "client", template.client)
        fast_moto.spare_work(environment)
        environment.setattr(DynamoDBBackend, "batch_execute_statement", partiql.insert_into_moto)
        if ANOTHER_DYNAMODB:
            environment.setenv("AWS_ENDPOINT_URL_DYNAMODB", ANOTHER_DYNAMODB)
        with mock_aws(config={"core": {"passthrough": {"urls": [ANOTHER_DYNAMODB] if ANOTHER_DYNAMODB else []}}}):
            yield


@pytest.fixture
def aws(_mocked_account: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A fresh mocked account with the template's tables, queues and buckets, and the functions' environment."""
    moto_api_backend.reset()
    _one_call_at_a_time(monkeypatch)
    _attribute_threads_to_functions(monkeypatch)
    _clear_caches()
    references = template.create_data_resources(is_dynamodb_mocked=not ANOTHER_DYNAMODB)
    for name, value in template.function_environment(references).items():
        monkeypatch.setenv(name, value)
    yield
    _clear_caches()


@pytest.fixture
def own_clients(aws: None) -> Iterator[None]:
    """AWS clients of this test alone, for another region. The next test of the process would find its tables nowhere."""
    aws_clients._client.cache_clear()
    yield
    aws_clients._client.cache_clear()


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that the handlers log."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(logger().registered_formatter)
    logger().addHandler(handler)
    yield text
    logger().removeHandler(handler)  # type: ignore[attr-defined] # Powertools passes it on


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The functions' environment without an account, for handlers that do not call AWS."""
    settings.cache_clear()
    for name, value in template.function_environment({}).items():
        monkeypatch.setenv(name, value)
    yield
    settings.cache_clear()


@pytest.fixture
def now(aws: None, monkeypatch: pytest.MonkeyPatch) -> customer_endpoint.Clock:
    """A clock that stands still until the test advances it."""
    frozen = customer_endpoint.Clock()
    monkeypatch.setattr(clock, "now", frozen)
    return frozen


@pytest.fixture
def executions(now: customer_endpoint.Clock) -> customer_endpoint.Executions:
    """A site, and the executions that retry callbacks and events."""
    pipeline.put_site()
    customer_endpoint.create_state_machine()
    return customer_endpoint.Executions(now)


def _one_call_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Serialize AWS calls: moto checks a condition and writes in two steps, DynamoDB in one."""
    lock = RLock()
    make_call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def locked(client: Any, operation: str, arguments: Any) -> Any:
        permissions.note(client, operation, arguments)
        with lock:
            return make_call(client, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", locked)


def _attribute_threads_to_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    submit = ThreadPoolExecutor.submit

    def submit_attributed(pool: ThreadPoolExecutor, work: Any, *arguments: Any, **options: Any) -> Any:
        return submit(pool, permissions.attributed(work), *arguments, **options)

    monkeypatch.setattr(ThreadPoolExecutor, "submit", submit_attributed)


def _clear_caches() -> None:
    settings.cache_clear()
    authentication.cached_account.cache_clear()
    delivery_attempt.record_and_site.cache_clear()
    callback_request.kept_connections.cache_clear()
    parameter_store.clear()
