"""Parameters are read together, once, and a failure is remembered for some seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, ReadTimeoutError

from outreach import parameter_store
from outreach.parameter_store import ParameterUnavailable

Requests = list[list[str]]


@pytest.fixture
def requests(aws: None, monkeypatch: pytest.MonkeyPatch) -> Requests:
    """The names of each request to Parameter Store."""
    asked: Requests = []
    call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def note(client: Any, operation: str, arguments: Any) -> Any:
        if operation == "GetParameters":
            asked.append(arguments["Names"])
        return call(client, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", note)
    return asked


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the time that the store sees, in seconds from its start."""

    def at(seconds: float) -> None:
        monkeypatch.setattr(time, "time", lambda: 1_000_000 + seconds)

    at(0)
    return at


def put(name: str, value: str) -> None:
    boto3.client("ssm").put_parameter(Name=name, Value=value, Type="SecureString", Overwrite=True)


def test_a_batch_is_read_ten_at_a_time(requests: Requests) -> None:
    names = [f"/s/{number:02}" for number in range(12)]
    for name in names:
        put(name, name.upper())
    parameter_store.load(names)
    assert [parameter_store.get(name) for name in names] == [name.upper() for name in names]
    assert [len(asked) for asked in requests] == [10, 2]


def test_threads_that_start_together_ask_once(requests: Requests) -> None:
    put("/s/a", "secret")
    with ThreadPoolExecutor(10) as pool:
        assert list(pool.map(parameter_store.get, ["/s/a"] * 10)) == ["secret"] * 10
    assert requests == [["/s/a"]]


def test_a_value_is_read_again_after_five_minutes(requests: Requests, now: Callable[[float], None]) -> None:
    put("/s/a", "old")
    parameter_store.get("/s/a")
    put("/s/a", "new")
    now(299)
    assert parameter_store.get("/s/a") == "old"
    now(300)
    assert parameter_store.get("/s/a") == "new"


def test_a_missing_parameter_is_asked_for_once_in_five_seconds(requests: Requests, now: Callable[[float], None]) -> None:
    put("/s/b", "there")
    parameter_store.load(["/s/a", "/s/b"])
    for _ in range(3):
        with pytest.raises(ParameterUnavailable, match=r"/s/a cannot be read \(ParameterNotFound\)"):
            parameter_store.get("/s/a")
    assert parameter_store.get("/s/b") == "there"
    assert len(requests) == 1
    put("/s/a", "late")
    now(5)
    assert parameter_store.get("/s/a") == "late"


def test_throttling_fails_the_batch_and_not_the_next_one(
    requests: Requests, now: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    put("/s/a", "there")
    asked = []

    def refuse(_client: Any, operation: str, _arguments: Any) -> Any:
        asked.append(operation)
        raise ClientError({"Error": {"Code": "ThrottlingException"}}, operation)

    with monkeypatch.context() as throttled:
        throttled.setattr(BaseClient, "_make_api_call", refuse)
        for _ in range(3):
            with pytest.raises(ParameterUnavailable, match="ThrottlingException"):
                parameter_store.get("/s/a")
    assert asked == ["GetParameters"]
    now(5)
    assert parameter_store.get("/s/a") == "there"


def test_a_failure_that_took_long_is_remembered_too(
    now: Callable[[float], None], monkeypatch: pytest.MonkeyPatch, aws: None
) -> None:
    asked = []

    def time_out(_client: Any, operation: str, _arguments: Any) -> Any:
        asked.append(operation)
        now(40)
        raise ReadTimeoutError(endpoint_url="https://ssm")

    monkeypatch.setattr(BaseClient, "_make_api_call", time_out)
    for _ in range(3):
        with pytest.raises(ParameterUnavailable, match="ReadTimeoutError"):
            parameter_store.get("/s/a")
    assert asked == ["GetParameters"]
