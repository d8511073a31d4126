"""outreach-admin: API keys."""

from __future__ import annotations

import pytest
from outreach_admin import admin

from outreach.http.caller import SCOPES
from outreach.sites import site_store
from outreach.sites.models import ApiKey
from tests.unit.outreach_admin.conftest import TOKEN, Run


@pytest.mark.usefixtures("site")
def test_a_created_key_works_and_is_printed_only_once(run: Run) -> None:
    created = run("key", "create", "10000", "--name", "reporting", "--scope", "contact:read").json
    key = site_store.find_key(created["key"])
    assert key is not None
    assert (key.site_id, key.scopes) == ("10000", frozenset({"contact:read"}))
    listed = run("key", "list", "10000")
    assert listed.json == [
        {"id": created["id"], "name": "reporting", "scopes": ["contact:read"], "revoked": False, "last_used": None}
    ]
    assert created["key"] not in listed.out + run("site", "show", "10000").out


@pytest.mark.usefixtures("site")
def test_a_key_for_the_console_may_do_what_a_person_does(run: Run) -> None:
    run("key", "create", "10000", "--name", "ada", "--preset", "console")
    (entry,) = [key for key in run("key", "list", "10000").json if key["name"] == "ada"]
    assert set(SCOPES) - set(entry["scopes"]) == {"unichannel:send", "ticketing:write"}


@pytest.mark.usefixtures("site")
def test_a_key_from_standard_input_is_not_printed(run: Run) -> None:
    result = run("key", "create", "10000", "--name", "given", "--value-from-stdin", stdin=TOKEN + "\n")
    assert site_store.find_key(TOKEN)
    assert TOKEN not in result.out + result.err


@pytest.mark.usefixtures("site")
def test_a_key_of_another_site_stays_there(run: Run) -> None:
    run("site", "put", "20000")
    run("key", "create", "10000", "--name", "first", "--value-from-stdin", stdin=TOKEN)
    refused = run("key", "create", "20000", "--name", "second", "--value-from-stdin", stdin=TOKEN)
    assert (refused.code, run("key", "list", "20000").json) == (1, [])
    assert site_store.find_key(TOKEN) == ApiKey("10000", "first")


@pytest.mark.usefixtures("site")
def test_a_key_of_the_site_can_be_stored_again_but_not_once_it_is_revoked(run: Run) -> None:
    for scope in ("contact:read", "contact:write"):
        created = run("key", "create", "10000", "--name", "x", "--scope", scope, "--value-from-stdin", stdin=TOKEN).json
    assert site_store.find_key(TOKEN) == ApiKey("10000", "x", frozenset({"contact:write"}))
    assert [run("key", "revoke", "10000", created["id"]).code for _ in range(2)] == [0, 0]
    assert run("key", "create", "10000", "--name", "x", "--value-from-stdin", stdin=TOKEN).code == 1
    assert site_store.find_key(TOKEN) is None


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("length", [0, 4, 11])
def test_a_part_of_an_id_revokes_no_key(run: Run, length: int) -> None:
    created = run("key", "create", "10000", "--name", "only").json
    assert run("key", "revoke", "10000", created["id"][:length]).code == 1
    assert site_store.find_key(created["key"])


@pytest.mark.usefixtures("site")
def test_a_dry_run_of_a_revocation_shows_the_key_and_revokes_nothing(run: Run) -> None:
    created = run("key", "create", "10000", "--name", "reporting").json
    shown = run("key", "revoke", "10000", created["id"], "--dry-run").json
    assert (shown["name"], shown["revoked"]) == ("reporting", False)
    assert [entry["revoked"] for entry in run("key", "list", "10000").json] == [False]
    assert run("key", "revoke", "10000", "abc", "--dry-run").code == 1


@pytest.mark.usefixtures("site")
def test_a_revoked_key_does_not_work_and_is_listed_as_revoked(run: Run) -> None:
    created = run("key", "create", "10000", "--name", "leaked").json
    assert run("key", "revoke", "10000", created["id"]).code == 0
    assert site_store.find_key(created["key"]) is None
    assert [entry["revoked"] for entry in run("key", "list", "10000").json] == [True]


@pytest.mark.usefixtures("site")
def test_a_rotated_key_keeps_its_scopes_and_the_old_key_works_until_it_is_revoked(run: Run) -> None:
    before = run("key", "create", "10000", "--name", "crm", "--scope", "contact:read").json
    after = run("key", "rotate", "10000", before["id"]).json
    assert site_store.find_key(after["key"]) == site_store.find_key(before["key"])
    run("key", "revoke", "10000", before["id"])
    assert run("key", "rotate", "10000", before["id"]).code == 1
    assert (site_store.find_key(before["key"]), site_store.find_key(after["key"]) is None) == (None, False)


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("key", ["two words", "é", "a\nb", "x" * 257])
def test_a_key_that_no_client_can_send_is_refused(run: Run, key: str) -> None:
    result = run("key", "create", "10000", "--name", "x", "--value-from-stdin", stdin=key)
    assert (result.code, key in result.err, run("key", "list", "10000").json) == (1, False, [])


def test_generated_keys_are_unique_and_long() -> None:
    keys = {admin.new_api_key() for _ in range(100)}
    assert len(keys) == 100
    assert min(map(len, keys)) >= 43
