from __future__ import annotations

from dataclasses import replace

import pytest

from outreach.callbacks import endpoint_backlog
from outreach.callbacks.delivery_state import DeliveryState
from outreach.callbacks.endpoint_backlog import Endpoint, StateChange, id_of

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


def park_after_faults(due_times: dict[str, int]) -> None:
    states = [(DeliveryState("10000", subject_id), due) for subject_id, due in due_times.items()]
    changes = [StateChange(state, replace(state, endpoint_id="e", next_attempt_at=due, parked_since=1)) for state, due in states]
    endpoint_backlog.park("10000", "e", changes, is_endpoint_fault=True)


@pytest.mark.usefixtures("aws")
def test_of_the_faults_of_a_batch_the_longest_wait_counts() -> None:
    park_after_faults({"a": 300, "b": 3_600, "c": 5})
    assert endpoint_backlog.get("10000", "e").wakes_at == 3_600


@pytest.mark.usefixtures("aws")
def test_of_two_faults_at_the_same_moment_the_longer_wait_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    park_after_faults({"earlier": 10})
    read = endpoint_backlog.get

    def read_before_another_worker_parks(site_id: str, endpoint_id: str) -> Endpoint:
        monkeypatch.setattr(endpoint_backlog, "get", read)
        endpoint = read(site_id, endpoint_id)
        park_after_faults({"other": 3_600})
        return endpoint

    monkeypatch.setattr(endpoint_backlog, "get", read_before_another_worker_parks)
    park_after_faults({"this": 300})
    assert read("10000", "e").wakes_at == 3_600
