"""The duration of a claim (in the code) matches the timeouts in the template."""

from __future__ import annotations

import pytest

from outreach.carriers.time_limits import CALL_SECONDS
from outreach.delivery.outcome_recording import CLAIM_SECONDS
from tests.support.stack import functions
from tests.support.template import QUEUE, resources


@pytest.mark.parametrize("caller", ["SendMessages", "CreateOutboundMessage"])
def test_a_claim_outlives_its_worker(caller: str) -> None:
    assert functions()[caller]["Timeout"] + CALL_SECONDS < CLAIM_SECONDS


def test_a_claim_expires_before_the_job_is_delivered_again() -> None:
    assert resources(QUEUE)["SendQueue"]["VisibilityTimeout"] > CLAIM_SECONDS
