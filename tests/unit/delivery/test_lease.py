"""The times of a claim, of which some are in the code and some in the template, fit together."""

from __future__ import annotations

import pytest

from outreach.delivery.lost_answers import LEASE_SECONDS
from outreach.sending.carrier_http import CALL_SECONDS
from tests.support.stack import functions
from tests.support.template import QUEUE, resources


@pytest.mark.parametrize("caller", ["SendMessages", "CreateOutboundMessage"])
def test_a_claim_outlives_whoever_holds_it(caller: str) -> None:
    assert functions()[caller]["Timeout"] + CALL_SECONDS < LEASE_SECONDS


def test_a_claim_does_not_outlive_the_copy_that_comes_after_a_crash() -> None:
    assert resources(QUEUE)["SendQueue"]["VisibilityTimeout"] > LEASE_SECONDS
