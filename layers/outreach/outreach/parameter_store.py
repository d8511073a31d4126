"""Parameter Store: encrypted parameters by name, read ten in one request, and cached; secrets that it makes and deletes.

A region serves 40 requests a second by default. So a process keeps a value for five minutes, asks for a name in one thread only,
and caches a failure for some seconds, so that a batch does not repeat a failing request.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from outreach import aws, aws_errors, dynamo
from outreach.settings import settings

_MAX_NAMES = 10
_CACHE_SECONDS = 300
_FAILURE_SECONDS = 5
_NOT_FOUND = "ParameterNotFound"


class ParameterUnavailable(aws_errors.Outage):
    """A parameter does not exist, or cannot be read now."""


class ParameterMissing(ParameterUnavailable):
    """A parameter does not exist."""


@dataclass(frozen=True)
class _CachedParameter:
    """What is known about a parameter until a Unix time: its value, or why there is none."""

    until: float
    value: str = ""
    fault: str = ""


_lock = Lock()
_entries: dict[str, _CachedParameter] = {}


def get(name: str) -> str:
    """Return the decrypted value of a parameter.

    Raises:
        ParameterMissing: it does not exist.
        ParameterUnavailable: Parameter Store has not answered within the last seconds.
    """
    load([name])
    entry = _entries[name]
    if entry.fault:
        error = ParameterMissing if entry.fault == _NOT_FOUND else ParameterUnavailable
        raise error(f"The parameter {name} cannot be read ({entry.fault}).")
    return entry.value


def load(names: Iterable[str]) -> None:
    """Read parameters that are not cached, in as few requests as possible. A failure is raised by :func:`get`."""
    with _lock:
        now = time.time()
        missing = sorted({name for name in names if name not in _entries or _entries[name].until <= now})
        for chunk in dynamo.chunks(missing, _MAX_NAMES):
            _entries.update(_read(list(chunk)))


def put_new(name: str, value: str) -> bool:
    """Create a secret under the key of the stack, if it has one; ``False`` (and nothing written) if it exists."""
    key: dict[str, Any] = {"KeyId": settings().kms_key_arn} if settings().kms_key_arn else {}
    try:
        aws.ssm().put_parameter(Name=name, Value=value, Type="SecureString", Overwrite=False, **key)
    except aws.ssm().exceptions.ParameterAlreadyExists:
        return False
    with _lock:  # so that the response that shows the secret needs no read, which may fail
        _entries[name] = _CachedParameter(time.time() + _CACHE_SECONDS, value)
    return True


def delete(names: Sequence[str]) -> None:
    """Delete at most ten secrets; those that do not exist are ignored."""
    if names:
        aws.ssm().delete_parameters(Names=list(names))
        _forget(names)


def _forget(names: Iterable[str]) -> None:
    with _lock:
        for name in names:
            _entries.pop(name, None)


def clear() -> None:
    """Forget what was read."""
    with _lock:
        _entries.clear()


def _read(names: list[str]) -> dict[str, _CachedParameter]:
    fault = _NOT_FOUND
    values: dict[str, str] = {}
    try:
        response = aws.ssm().get_parameters(Names=names, WithDecryption=True)
        values = {parameter["Name"]: parameter["Value"] for parameter in response["Parameters"]}
    except (ClientError, BotoCoreError) as error:
        fault = aws_errors.name_of(error)
    now = time.time()  # after the request, which may have taken longer than a failure is kept
    failure = _CachedParameter(now + _FAILURE_SECONDS, fault=fault)
    return {name: _CachedParameter(now + _CACHE_SECONDS, values[name]) if name in values else failure for name in names}
