"""outreach-admin: channel accounts."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from outreach.sending.circuit_breaker import CircuitBreaker
from outreach.settings import settings
from outreach.sites import secrets, site_store
from tests.unit.outreach_admin.conftest import ACCOUNT_ID, TELNYX, TOKEN, TWILIO, Run, stored_secret

PUBLIC_KEY = "A" * 43 + "="
SERVICE, PROFILE = "MG" + "a" * 32, "4001017c-8e05-4fe8-8d5b-d3c5c3a1f1e1"


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    ("command", "stdin", "stored"),
    [
        (TWILIO, TOKEN, {"token": TOKEN}),
        (TWILIO, json.dumps({"token": TOKEN}), {"token": TOKEN}),
        (TELNYX, json.dumps({"api_key": TOKEN, "public_key": PUBLIC_KEY}), {"api_key": TOKEN, "public_key": PUBLIC_KEY}),
    ],
)
def test_credentials_are_stored_as_a_secret_and_nowhere_else(run: Run, command: list[str], stdin: str, stored: Any) -> None:
    result = run(*command, "--id", ACCOUNT_ID.upper(), "--rate", "2.5", stdin=stdin)
    assert site_store.get_account("10000", ACCOUNT_ID).messages_per_second == 2.5
    assert stored_secret(secrets.account_path("10000", ACCOUNT_ID)) == stored
    table = boto3.client("dynamodb").scan(TableName=settings().sites_table)["Items"]
    assert TOKEN not in result.out + result.err + str(table) + run("account", "list", "10000").out


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("stdin", ["", TOKEN, f'{{"token": "{TOKEN}"}}', f'{{"api_key": "{TOKEN}"', f'["{TOKEN}"]'])
def test_invalid_credentials_are_refused_and_not_quoted(run: Run, stdin: str) -> None:
    result = run(*TELNYX, "--id", ACCOUNT_ID, stdin=stdin)
    assert result.code == 1
    assert TOKEN not in result.out + result.err
    assert site_store.list_accounts("10000") == []


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("stdin", ["\0" * 9, "two words", "\udcff", "é", "x" * 1_001, '{"token": ""}', '{"token": "a\\nb"}'])
def test_credentials_that_no_header_transports_are_refused(run: Run, stdin: str) -> None:
    result = run(*TWILIO, stdin=stdin)
    assert (result.code, stdin in result.err) == (1, False)
    assert site_store.list_accounts("10000") == []


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("name", ["public_key", "previous_public_key"])
@pytest.mark.parametrize("key", ["k", "", "KEY0123_abc", PUBLIC_KEY[:-2], PUBLIC_KEY + PUBLIC_KEY])
def test_what_is_no_public_key_is_refused_because_it_would_verify_no_webhook(run: Run, name: str, key: str) -> None:
    result = run(*TELNYX, stdin=json.dumps({"api_key": TOKEN, "public_key": PUBLIC_KEY} | {name: key}))
    assert (result.code, TOKEN in result.err) == (1, False)
    assert site_store.list_accounts("10000") == []


@pytest.mark.usefixtures("site")
def test_a_site_cannot_take_over_the_account_of_another_site(run: Run) -> None:
    run("site", "put", "20000")
    run(*TWILIO, "--id", ACCOUNT_ID, stdin=TOKEN)
    stolen = [*TWILIO[:2], "20000", *TWILIO[3:]]
    assert run(*stolen, "--id", ACCOUNT_ID, stdin="other").code == 1
    assert site_store.site_of_account(ACCOUNT_ID) == "10000"
    assert site_store.list_accounts("20000") == []


@pytest.mark.usefixtures("site")
def test_a_change_of_an_account_keeps_the_options_not_given_and_its_credentials(run: Run) -> None:
    run(*TWILIO, "--id", ACCOUNT_ID, "--rate", "3", "--resends-unknown", stdin=TOKEN)
    before = run("account", "list", "10000").json[0]
    changed = run("account", "put", "10000", "--id", ACCOUNT_ID, "--number", "68849").json
    expected = {"number": "68849", "sender_type": "shortCode"}
    assert changed == {name: value for name, value in before.items() if not name.startswith("pause")} | expected
    assert stored_secret(secrets.account_path("10000", ACCOUNT_ID)) == {"token": TOKEN}


@pytest.mark.usefixtures("site")
def test_the_carrier_of_an_account_cannot_change(run: Run) -> None:
    run(*TWILIO, "--id", ACCOUNT_ID, stdin=TOKEN)
    assert run("account", "put", "10000", "--id", ACCOUNT_ID, "--carrier", "telnyxsms").code == 2


@pytest.mark.usefixtures("site")
def test_a_second_account_of_a_number_is_refused_unless_it_is_allowed(run: Run) -> None:
    run("site", "put", "20000")
    run(*TWILIO, "--id", ACCOUNT_ID, stdin=TOKEN)
    for site_id in ("10000", "20000"):
        refused = run(*TWILIO[:2], site_id, *TWILIO[3:], stdin=TOKEN)
        assert (refused.code, ACCOUNT_ID in refused.err) == (1, True)
        assert len(site_store.list_accounts(site_id)) == (site_id == "10000")
    assert run("account", "put", "10000", "--id", ACCOUNT_ID, "--rate", "2").code == 0
    assert run(*TWILIO, "--allow-duplicate", stdin=TOKEN).code == 0


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(("sender", "code"), [("+15005550006", 1), ("68849", 1), ("Acme", 0)])
def test_an_account_at_another_carrier_may_only_share_what_receives_no_replies(run: Run, sender: str, code: int) -> None:
    credentials = json.dumps({"api_key": "KEY", "public_key": PUBLIC_KEY})
    telnyx = ["account", "put", "10000", "--carrier", "telnyxsms", "--carrier-account", PROFILE, "--number", sender]
    assert run(*TWILIO, "--number", sender, stdin=TOKEN).code == 0
    assert run(*telnyx, stdin=credentials).code == code
    assert run(*telnyx, "--allow-duplicate", stdin=credentials).code == 0


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    ("command", "option"),
    [
        ([*TWILIO, "--number", "555000612"], "--number"),
        ([*TWILIO, "--number", "A name that is too long"], "--number"),
        ([*TWILIO, "--number", PROFILE], "--number"),
        ([*TELNYX, "--number", SERVICE], "--number"),
        ([*TELNYX, "--number", "My Shop"], "--carrier-account"),
        (TWILIO[:-2], "--carrier-account"),
        (TWILIO[:3], "--carrier"),
    ],
)
def test_an_account_that_cannot_send_is_refused_and_the_option_named(run: Run, command: list[str], option: str) -> None:
    refused = run(*command, stdin=TOKEN)
    assert (refused.code, option in refused.err, site_store.list_accounts("10000")) == (2, True, [])


@pytest.mark.usefixtures("site")
def test_credentials_of_an_account_are_rotated(run: Run) -> None:
    run(*TWILIO, "--id", ACCOUNT_ID, stdin="old")
    rotated = run("account", "credentials", "10000", ACCOUNT_ID, stdin=TOKEN)
    assert (rotated.json["id"], TOKEN in rotated.out) == (ACCOUNT_ID, False)
    assert stored_secret(secrets.account_path("10000", ACCOUNT_ID)) == {"token": TOKEN}
    assert run("account", "credentials", "10000", ACCOUNT_ID, stdin="").code == 1


@pytest.mark.usefixtures("site")
def test_account_list_says_what_an_account_sends_from_and_whether_replies_can_come(run: Run) -> None:
    for sender in ("+15005550006", "68849", "My Shop", SERVICE):
        assert run(*TWILIO, "--number", sender, stdin=TOKEN).code == 0
    listed = {
        entry["number"]: (entry["sender_type"], entry["receives_replies"]) for entry in run("account", "list", "10000").json
    }
    assert listed == {
        "+15005550006": ("number", True),
        "68849": ("shortCode", True),
        "My Shop": ("alphanumeric", False),
        SERVICE: ("pool", True),
    }


@pytest.mark.usefixtures("site")
def test_account_resume_ends_a_pause_that_account_list_shows(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run(*TWILIO, "--id", ACCOUNT_ID, stdin=TOKEN)
    CircuitBreaker(site_store.get_account("10000", ACCOUNT_ID)).record_failure("20003: Authenticate")
    capsys.readouterr()  # the metric
    (paused,) = run("account", "list", "10000").json
    assert (paused["pause_reason"], paused["paused_until"][-1]) == ("20003: Authenticate", "Z")
    resumed = run("account", "resume", "10000", ACCOUNT_ID.upper()).json
    assert (resumed["id"], resumed["pause_reason"], resumed["paused_until"]) == (ACCOUNT_ID, None, None)
    assert resumed.pop("sends") == []
    assert run("account", "list", "10000").json == [resumed]
