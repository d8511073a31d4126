"""outreach-admin: sites."""

from __future__ import annotations

from dataclasses import replace

import pytest

from outreach.sites import site_store
from outreach.sites.models import FrequencyCap, Site
from tests.unit.outreach_admin.conftest import Run


@pytest.mark.usefixtures("site")
def test_a_change_of_a_site_keeps_the_options_not_given(run: Run) -> None:
    run("site", "put", "10000", "--default-region", "GB", "--callback-url", "https://example.com/a")
    run("site", "put", "10000", "--private-callbacks")
    site = run("site", "show", "10000").json
    assert (site["default_region"], site["callback_url"], site["private_callbacks"]) == ("GB", "https://example.com/a", True)
    assert run("site", "put", "10000", "--callback-url", "").json["callback_url"] is None


def test_limits_of_a_site_survive_a_change_and_are_listed(run: Run) -> None:
    limited = Site("10000", sending_hours="08:00-21:00", frequency_cap=FrequencyCap(2, 7), daily_segments=500)
    site_store.put_site(limited)
    run("site", "put", "10000", "--default-region", "GB")
    assert site_store.get_site("10000") == replace(limited, default_region="GB")
    assert [entry["frequency_cap"] for entry in run("site", "list").json] == [{"messages": 2, "days": 7}]


def test_keywords_can_be_set_replaced_and_removed(run: Run) -> None:
    first = run(
        "site", "put", "10000", "--opt-out-keyword", "BAJA", "--opt-out-keyword", " no  más ", "--help-keyword", "AYUDA"
    ).json
    assert (first["opt_out_keywords"], first["help_keywords"]) == (["BAJA", "no  más"], ["AYUDA"])
    run("site", "put", "10000", "--default-region", "MX")
    assert site_store.get_site("10000").opt_out_keywords == ("BAJA", "no  más")
    assert run("site", "put", "10000", "--opt-out-keyword", "ALTO").json["opt_out_keywords"] == ["ALTO"]
    cleared = run("site", "put", "10000", "--opt-out-keyword", "").json
    assert (cleared["opt_out_keywords"], cleared["help_keywords"]) == ([], ["AYUDA"])


def test_limits_can_be_set_and_removed(run: Run) -> None:
    limits = ("--sending-hours", "08:00-21:00", "--frequency-cap", "3/7", "--daily-segments", "1000", "--max-contacts", "50")
    limited = run("--json", "site", "put", "10000", *limits).json
    assert limited["sending_hours"] == "08:00-21:00"
    assert limited["frequency_cap"] == {"messages": 3, "days": 7}
    assert (limited["daily_segments"], limited["max_contacts"]) == (1000, 50)
    removal = [part for name in limits[::2] for part in (name, "0" if name in ("--daily-segments", "--max-contacts") else "")]
    unlimited = run("--json", "site", "put", "10000", *removal).json
    assert {unlimited[name[2:].replace("-", "_")] for name in limits[::2]} == {None}


def test_sending_hours_are_stored_in_one_spelling(run: Run) -> None:
    assert run("--json", "site", "put", "10000", "--sending-hours", " 8:00 - 21:30 ").json["sending_hours"] == "08:00-21:30"


def test_rate_limits_are_set_and_removed_one_by_one(run: Run) -> None:
    run("site", "put", "10000", "--rate", "send=2/60", "--rate", "import=0.5/5")
    assert run("--json", "site", "put", "10000", "--rate", "send=").json["rates"] == {"import": "0.5/5"}
    assert site_store.get_site("10000").rates == {"import": "0.5/5"}


MALFORMED_HOURS = [
    ("--sending-hours", text)
    for text in ("9-5", "21:00-08:00", "08:00-24:00", "08:00Z-21:00Z", "12:00-12:05", "08.30-20.30", "08,5-21", "08:00:30-21:00")
]
MALFORMED_RATES = [("--rate", text) for text in ("send", "send=5", "send=0/5", "send=5/0", "fly=1/1")]


@pytest.mark.parametrize("option", [*MALFORMED_HOURS, ("--frequency-cap", "often"), ("--daily-segments", "-1"), *MALFORMED_RATES])
def test_a_malformed_limit_exits_with_2(run: Run, option: tuple[str, str]) -> None:
    assert run("site", "put", "10000", *option).code == 2


def test_sites_are_listed_by_id(run: Run) -> None:
    for site_id in ("20000", "10000"):
        run("site", "put", site_id)
    assert [entry["id"] for entry in run("site", "list").json] == ["10000", "20000"]


def test_a_region_has_any_case(run: Run) -> None:
    assert run("site", "put", "10000", "--default-region", "gb").json["default_region"] == "GB"
