"""The smoke test of a deployed stack, against the embedded one."""

from __future__ import annotations

from local_stack import LocalStack
from local_stack.seeds import API_KEYS

from scripts import smoke

TWILIO_ACCOUNT = "647277e8-06a5-4eec-ba66-1cdd617dc778"


def test_a_campaign_reaches_a_number(stack: LocalStack) -> None:
    result = smoke.check_send(stack.base_url, API_KEYS["10000"], TWILIO_ACCOUNT, "+12125553417")
    assert result.startswith("+12125553417: {")


def test_the_gateway_is_tried(stack: LocalStack) -> None:
    smoke.check_gateway_errors(stack.base_url)
    smoke.check_large_body(stack.base_url, API_KEYS["10000"])
    smoke.check_encoded_verb(stack.base_url, API_KEYS["10000"])
