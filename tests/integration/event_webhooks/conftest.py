"""Fixtures: the streams that publish events to a customer's endpoint."""

from __future__ import annotations

import pytest

from tests.support.customer_endpoint import Customer
from tests.support.event_webhooks import Streams


@pytest.fixture
def streams(customer: Customer) -> Streams:
    return Streams()
