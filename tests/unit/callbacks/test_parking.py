from __future__ import annotations

import pytest

from outreach.callbacks.parking import endpoint_id

URL = "https://example.com/a?b=c"


@pytest.mark.parametrize(
    "same",
    ["https://example.com", "https://example.com:443/x", "https://EXAMPLE.com/", "https://user@example.com/a", f"{URL}#d"],
)
def test_addresses_of_one_origin_are_one_endpoint(same: str) -> None:
    assert endpoint_id("10000", same) == endpoint_id("10000", URL)


@pytest.mark.parametrize(
    "other", ["http://example.com/a", "https://example.com:444/a", "https://a.example.com/a", "http://[", "https://example.com:x"]
)
def test_other_origins_are_other_endpoints(other: str) -> None:
    assert endpoint_id("10000", other) != endpoint_id("10000", URL)


def test_two_sites_share_no_endpoint() -> None:
    assert endpoint_id("10000", URL) != endpoint_id("20000", URL)


def test_an_execution_can_be_named_after_it() -> None:
    assert len(f"{endpoint_id('10000', URL)}-{10**6}") <= 80
