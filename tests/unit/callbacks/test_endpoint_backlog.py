from __future__ import annotations

import pytest

from outreach.callbacks.endpoint_backlog import id_of

URL = "https://example.com/a?b=c"


@pytest.mark.parametrize(
    "same",
    ["https://example.com", "https://example.com:443/x", "https://EXAMPLE.com/", "https://user@example.com/a", f"{URL}#d"],
)
def test_urls_of_one_origin_belong_to_one_endpoint(same: str) -> None:
    assert id_of("10000", same) == id_of("10000", URL)


@pytest.mark.parametrize(
    "other", ["http://example.com/a", "https://example.com:444/a", "https://a.example.com/a", "http://[", "https://example.com:x"]
)
def test_other_origins_belong_to_other_endpoints(other: str) -> None:
    assert id_of("10000", other) != id_of("10000", URL)


def test_sites_do_not_share_endpoints() -> None:
    assert id_of("10000", URL) != id_of("20000", URL)


def test_an_endpoint_id_fits_into_an_execution_name() -> None:
    assert len(f"{id_of('10000', URL)}-{10**6}") <= 80
