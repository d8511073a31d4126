from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import pytest

from outreach.carriers import carrier_http
from outreach.carriers.outcomes import Refused, RetryLater, SendOutcome, Throttled, Unknown
from tests.support.http_server import Reply, hang_up, reply, serving
from tests.unit.carriers.examples import TELNYX, TWILIO, Example

pytestmark = pytest.mark.parametrize("example", [pytest.param(TWILIO, id="twilio"), pytest.param(TELNYX, id="telnyx")])


def raising(error: Exception) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def send_to(example: Example, answer: Reply) -> tuple[SendOutcome, int]:
    with serving(answer) as server:
        return example.send(server.url), len(server.requests)


def test_a_refused_connection_is_retried_later(example: Example) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert example.send(f"http://127.0.0.1:{port}") == RetryLater(carrier_http.UNREACHABLE_SECONDS, "ConnectionError")


@pytest.mark.parametrize(
    ("place", "error"),
    [("socket.getaddrinfo", socket.gaierror("no such name")), ("urllib3.util.connection.create_connection", TimeoutError())],
)
def test_a_request_that_was_never_sent_is_retried_later(
    example: Example, monkeypatch: pytest.MonkeyPatch, place: str, error: Exception
) -> None:
    monkeypatch.setattr(place, raising(error))
    assert isinstance(example.send("http://carrier.test"), RetryLater)


def test_a_read_timeout_is_unknown(example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrier_http, "READ_SECONDS", 0.1)
    answered = threading.Event()

    def be_silent(_: BaseHTTPRequestHandler) -> None:
        answered.wait(10)

    assert send_to(example, be_silent) == (Unknown("ReadTimeout"), 1)
    answered.set()


def cut_off(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
    handler.close_connection = True


@pytest.mark.parametrize("answer", [hang_up, cut_off, reply(500), reply(503, b"<html>"), reply(408)])
def test_a_lost_response_is_unknown_and_the_request_is_not_repeated(example: Example, answer: Reply) -> None:
    outcome, calls = send_to(example, answer)
    assert (type(outcome), calls) == (Unknown, 1)


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b"{}"])
def test_an_acceptance_without_an_id_is_unknown(example: Example, body: bytes) -> None:
    assert isinstance(send_to(example, reply(200, body))[0], Unknown)


def test_redirects_are_not_followed(example: Example) -> None:
    with serving(reply(200)) as elsewhere:
        outcome, _ = send_to(example, reply(307, headers={"Location": elsewhere.url}))
    assert (outcome, elsewhere.requests) == (Unknown("HTTP 307"), [])


@pytest.mark.parametrize("status", [401, 402, 403])
def test_failed_authentication_without_a_code_is_a_fault_of_the_account(example: Example, status: int) -> None:
    assert send_to(example, reply(status))[0] == Refused(f"HTTP {status}", account_fault=True)


def test_a_403_with_an_unknown_code_is_a_refusal_of_the_message(example: Example) -> None:
    body = json.dumps({"code": 99999, "message": "words", "errors": [{"code": "99999", "detail": "words"}]}).encode()
    assert send_to(example, reply(403, body))[0] == Refused("99999: words", unknown_code="99999")


@pytest.mark.parametrize("status", [400, 404, 422])
def test_other_client_errors_are_refusals(example: Example, status: int) -> None:
    assert send_to(example, reply(status))[0] == Refused(f"HTTP {status}", unknown_code=f"HTTP {status}")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({}, None), ({"Retry-After": "7"}, 7), ({"Retry-After": "0"}, 0), ({"Retry-After": "x"}, None)],
)
def test_a_throttled_account_waits_as_long_as_the_carrier_asks(
    example: Example, headers: dict[str, str], seconds: float | None
) -> None:
    assert send_to(example, reply(429, headers=headers))[0] == Throttled("HTTP 429", seconds)


def test_proxies_and_passwords_from_the_environment_are_ignored(example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")
    assert send_to(example, reply(400)) == (Refused("HTTP 400", unknown_code="HTTP 400"), 1)


def test_a_reason_does_not_contain_a_number(example: Example) -> None:
    outcome = example.send("http://127.0.0.1:1")
    assert isinstance(outcome, RetryLater)
    assert "+1" not in outcome.reason
