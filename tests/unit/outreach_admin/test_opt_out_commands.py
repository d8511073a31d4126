"""outreach-admin: opt-outs."""

from __future__ import annotations

from tests.unit.outreach_admin.conftest import Run

NUMBER = "+12125551234"


def test_opt_outs_are_added_listed_and_removed(run: Run) -> None:
    for site_id in ("1000", "10000", "20000"):
        run("site", "put", site_id)
    assert run("optout", "add", "10000", NUMBER).json == {"number": NUMBER, "opted_out": True}
    assert [entry["number"] for entry in run("optout", "list", "10000").json] == [NUMBER]
    assert run("optout", "list", "1000").json == run("optout", "list", "20000").json == []
    assert run("optout", "remove", "10000", NUMBER).json["opted_out"] is False
    assert run("optout", "list", "10000").json == []
    assert run("optout", "add", "10000", "0123").code == 2
