"""Measures the reference for CPU times: repeats the recorded calls of a step with bare botocore and requests."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import requests
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session

from benchmarks.environment import SimulatedSystem
from benchmarks.local_aws.server import Answer


@dataclass(frozen=True)
class AwsCall:
    """A call to AWS and its answer."""

    client: Any
    operation: str
    parameters: Any
    answer: Answer


@dataclass
class Recording:
    """The calls of a step to AWS and to other HTTP servers."""

    aws: list[AwsCall] = field(default_factory=list)
    http: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)


@contextmanager
def recording(system: SimulatedSystem) -> Iterator[Recording]:
    """Record every call of the code inside."""
    recorded, answers = Recording(), threading.local()
    make_call, respond, send = BaseClient._make_api_call, system.aws.respond, requests.Session.send  # type: ignore[attr-defined]

    def record_call(client: Any, operation: str, parameters: Any) -> Any:
        try:
            return make_call(client, operation, parameters)
        finally:
            recorded.aws.append(AwsCall(client, operation, parameters, answers.last))

    def record_answer(prepared: AWSPreparedRequest) -> Answer:
        answers.last = respond(prepared)
        return answers.last  # type: ignore[no-any-return]

    def record_request(session: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        recorded.http.append((str(request.method), str(request.url), {"headers": request.headers, "data": request.body}))
        return send(session, request, **options)

    with (
        patch.object(BaseClient, "_make_api_call", record_call),
        patch.object(system.aws, "respond", record_answer),
        patch.object(requests.Session, "send", record_request),
    ):
        yield recorded


def replay(system: SimulatedSystem, recorded: Recording) -> float:
    """CPU seconds of repeating the calls, which get their recorded answers."""
    answers: list[Answer] = []
    session = requests.Session()
    session.trust_env = False

    def respond(_: URLLib3Session, prepared: AWSPreparedRequest) -> AWSResponse:
        return system.aws.response(prepared, answers.pop())

    gc.collect()
    with system.measure_cpu() as cpu_time:
        with patch.object(URLLib3Session, "send", respond):
            for call in recorded.aws:
                answers.append(call.answer)
                _repeat(call)
        for method, url, options in recorded.http:
            session.request(method, url, **options).content  # noqa: B018 - reads the body, as every caller does
    return cpu_time.seconds


def _repeat(call: AwsCall) -> None:
    try:
        answer = call.client._make_api_call(call.operation, call.parameters)
        if "Body" in answer:
            answer["Body"].read()
    except ClientError:
        return  # the recorded error
