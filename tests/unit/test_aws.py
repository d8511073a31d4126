"""How long a function waits for AWS is a setting of the function."""

from __future__ import annotations

import pytest

from outreach import aws as clients
from outreach.settings import settings
from tests.support.stack import functions

LONGEST_PAUSE = 1  # between the first two attempts (botocore, retry mode "standard")


@pytest.mark.parametrize("client", [clients.dynamodb, clients.sqs, clients.ssm, clients.s3])
def test_a_client_waits_as_long_as_the_settings_say(own_clients: None, monkeypatch: pytest.MonkeyPatch, client: object) -> None:
    monkeypatch.setenv("CALL_TIMEOUT", "3")
    monkeypatch.setenv("CALL_ATTEMPTS", "2")
    settings.cache_clear()
    config = client().meta.config  # type: ignore[operator]
    assert (config.read_timeout, config.retries) == (3, {"mode": "standard", "total_max_attempts": 2})


@pytest.mark.parametrize("name", ["ReceiveTwilio", "ReceiveTelnyx"])
def test_a_webhook_that_cannot_be_verified_is_queued_before_its_function_times_out(name: str) -> None:
    """Also if the queue answers only the second attempt. Twilio waits 15 seconds."""
    function = functions()[name]
    variables = function["Environment"]["Variables"]
    attempts, timeout = int(variables["CALL_ATTEMPTS"]), int(variables["CALL_TIMEOUT"])
    slowest_call = attempts * timeout + (attempts - 1) * LONGEST_PAUSE
    assert 2 * slowest_call < function["Timeout"]
