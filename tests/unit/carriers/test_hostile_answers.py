"""Whatever a carrier answers, a call ends in time with an outcome, and takes no more memory than a small answer."""

from __future__ import annotations

import gzip
import json
import time
import tracemalloc
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outreach import clock
from outreach.carriers import carrier_http, telnyx, twilio
from outreach.carriers.outcomes import Accepted, Refused, RetryLater, SendOutcome, Throttled, Unknown
from outreach.carriers.protocol import Candidates
from outreach.errors import ValidationFailed
from tests.support import hostile_carrier
from tests.support.hostile_carrier import Behaviour, HostileCarrier
from tests.support.http_server import reply, serving
from tests.unit.carriers.examples import TELNYX, TEXT, TWILIO, Example
from tests.unit.carriers.test_twilio import reconcile

examples = pytest.mark.parametrize("example", [pytest.param(TWILIO, id="twilio"), pytest.param(TELNYX, id="telnyx")])

DEEP = b"[" * 100_000
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.sampled_from(["id", "code"]), inner),
    max_leaves=8,
)
ERROR = st.fixed_dictionaries({}, optional=dict.fromkeys(("code", "detail", "title", "message"), JSON))
ANSWER = JSON | st.fixed_dictionaries(
    {}, optional={"sid": JSON, "code": JSON, "message": JSON, "data": JSON | ERROR, "errors": JSON | st.lists(ERROR | JSON)}
)


@pytest.fixture(scope="module")
def carrier() -> Iterator[HostileCarrier]:
    with hostile_carrier.hostile_carrier(hostile_carrier.accept) as running:
        yield running


def send(carrier: HostileCarrier, example: Example, behaviour: Behaviour) -> SendOutcome:
    carrier.behaviour = behaviour
    return example.send(carrier.url)


@examples
@pytest.mark.parametrize("behaviour", [hostile_carrier.drip_headers, hostile_carrier.drip_body])
def test_an_answer_that_never_ends_is_cut_off(
    carrier: HostileCarrier, example: Example, behaviour: Behaviour, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrier_http, "CONNECT_SECONDS", 0.2)
    monkeypatch.setattr(carrier_http, "READ_SECONDS", 0.2)
    started = time.monotonic()
    assert isinstance(send(carrier, example, behaviour), Unknown)
    assert time.monotonic() - started < 3


@examples
def test_a_connection_is_used_again_after_its_time(
    carrier: HostileCarrier, example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrier_http, "CONNECT_SECONDS", 0.2)
    monkeypatch.setattr(carrier_http, "READ_SECONDS", 0.2)
    for _ in range(4):
        assert isinstance(send(carrier, example, hostile_carrier.accept), Accepted)
        time.sleep(0.15)


@examples
@pytest.mark.parametrize("behaviour", [hostile_carrier.flood, hostile_carrier.gzip_bomb])
def test_a_huge_answer_is_not_read(carrier: HostileCarrier, example: Example, behaviour: Behaviour) -> None:
    tracemalloc.start()
    try:
        outcome = send(carrier, example, behaviour)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(outcome, Unknown)
    assert peak < 10 * carrier_http.MAX_BYTES


@examples
def test_a_compressed_answer_is_understood(carrier: HostileCarrier, example: Example) -> None:
    body = gzip.compress(json.dumps({"sid": "id", "data": {"id": "id"}}).encode())
    assert send(carrier, example, hostile_carrier.garbage(body, Content_Encoding="gzip")) == Accepted("id")


MALFORMED = [
    b'{"errors": [null]}',
    b'{"errors": {"code": "1"}}',
    b'{"errors": "no"}',
    b'{"errors": [[1]], "code": [1], "message": {}}',
    b'{"sid": 5, "data": {"id": 5}}',
    b'{"sid": ["SM1"], "data": ["m1"]}',
    b'{"sid": {"a": 1}, "data": "m1"}',
    b'{"sid": "", "data": {"id": null}}',
    b"[1, 2]",
    b'"text"',
    b"\xff\xfe{\x00",
    DEEP,
    b'{"sid": "' + b"x" * 1000 + b'"}',
]


@examples
@pytest.mark.parametrize("status", [200, 201, 204, 302, 400, 422, 429, 500, 503])
@pytest.mark.parametrize("body", MALFORMED, ids=range(len(MALFORMED)))
def test_a_malformed_answer_counts_by_its_status(carrier: HostileCarrier, example: Example, status: int, body: bytes) -> None:
    content = b"" if status == 204 else body
    outcome = send(carrier, example, hostile_carrier.garbage(content, status, Content_Type="text/html; charset=utf-16"))
    expected: type[SendOutcome] = Throttled if status == 429 else Refused if 400 <= status < 500 else Unknown
    assert type(outcome) is expected
    assert len(getattr(outcome, "reason", "")) <= 600


@examples
@given(ANSWER, st.sampled_from([200, 201, 400, 401, 402, 403, 404, 409, 429, 500]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors], deadline=None)
def test_any_json_has_an_outcome(carrier: HostileCarrier, example: Example, value: Any, status: int) -> None:
    outcome = send(carrier, example, hostile_carrier.garbage(json.dumps(value).encode(), status))
    assert isinstance(outcome, SendOutcome)
    if isinstance(outcome, Accepted):
        assert status < 300
        assert isinstance(outcome.carrier_message_id, str)
        assert outcome.carrier_message_id
    if isinstance(outcome, RetryLater | Throttled) and outcome.seconds is not None:
        assert 0 <= outcome.seconds <= 2 * carrier_http.LONGEST_WAIT_SECONDS


LISTED = st.fixed_dictionaries({"body": st.just(TEXT.body), "sid": JSON, "date_created": JSON})


@given(JSON | st.fixed_dictionaries({"messages": JSON | st.lists(LISTED | JSON)}))
@settings(deadline=None)
def test_any_list_of_messages_can_be_searched(value: Any) -> None:
    with serving(reply(200, json.dumps(value).encode())) as server:
        assert isinstance(reconcile(server.url), Candidates | Unknown)


@given(JSON | st.fixed_dictionaries({"id": JSON, "to": JSON | st.lists(st.fixed_dictionaries({"status": JSON})), "errors": JSON}))
def test_any_telnyx_event_is_parsed_or_rejected(payload: Any) -> None:
    body = json.dumps({"data": {"event_type": "message.received", "payload": payload}}).encode()
    for parse in (telnyx.parse_receipt, lambda body: telnyx.parse_inbound(body, clock.now())):
        try:
            parse(body)
        except ValidationFailed:
            continue


@given(st.dictionaries(st.sampled_from(["MessageSid", "MessageStatus", "ErrorCode", "From", "To", "NumMedia"]), st.text()))
def test_any_twilio_form_is_parsed_or_rejected(form: dict[str, str]) -> None:
    body = urlencode(form)
    for parse in (twilio.parse_receipt, lambda body: twilio.parse_inbound(body, clock.now())):
        try:
            parse(body.encode())
        except ValidationFailed:
            continue
