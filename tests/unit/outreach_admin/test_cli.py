"""outreach-admin: what its commands store, what they print, and what they never print."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import boto3
import pytest
from outreach_admin import admin

from outreach.sending.accounts import Gate
from outreach.settings import settings
from outreach.sites import secrets, store
from outreach.sites.models import FrequencyCap, Site

Run = Callable[..., Any]

TOKEN = "a-token-that-nobody-may-see"
SECRET = "whsec_bG9jYWwtb3V0cmVhY2gtY2FsbGJhY2stc2VjcmV0LTAx"
ACCOUNT_ID = "647277e8-06a5-4eec-ba66-1cdd617dc778"
TWILIO = ["account", "put", "10000", "--carrier", "twilio", "--number", "+15005550006", "--carrier-account", "AC1"]
TELNYX = ["account", "put", "10000", "--carrier", "telnyxsms", "--number", "+15005550008", "--carrier-account", "1"]


@pytest.fixture
def site(run: Run) -> str:
    assert run("site", "put", "10000").code == 0
    return "10000"


def _secret(path: str) -> Any:
    parameter = boto3.client("ssm").get_parameter(Name=path, WithDecryption=True)["Parameter"]
    assert parameter["Type"] == "SecureString"
    return json.loads(parameter["Value"])


@pytest.mark.usefixtures("site")
def test_a_site_keeps_what_a_change_does_not_name(run: Run) -> None:
    run("site", "put", "10000", "--default-region", "GB", "--callback-url", "https://example.com/a")
    run("site", "put", "10000", "--private-callbacks")
    shown = run("site", "show", "10000").json
    assert (shown["default_region"], shown["callback_url"], shown["private_callbacks"]) == ("GB", "https://example.com/a", True)
    assert run("site", "put", "10000", "--callback-url", "").json["callback_url"] is None


def test_limits_of_a_site_outlive_a_change_and_are_listed(run: Run) -> None:
    limited = Site("10000", sending_hours="08:00-21:00", frequency_cap=FrequencyCap(2, 7), daily_segments=500)
    store.put_site(limited)
    run("site", "put", "10000", "--default-region", "GB")
    assert store.get_site("10000") == replace(limited, default_region="GB")
    assert [entry["frequency_cap"] for entry in run("site", "list").json] == [{"messages": 2, "days": 7}]


def test_limits_are_set_and_taken_back(run: Run) -> None:
    limits = ("--sending-hours", "08:00-21:00", "--frequency-cap", "3/7", "--daily-segments", "1000", "--max-contacts", "50")
    shown = run("--json", "site", "put", "10000", *limits).json
    assert shown["sending_hours"] == "08:00-21:00"
    assert shown["frequency_cap"] == {"messages": 3, "days": 7}
    assert (shown["daily_segments"], shown["max_contacts"]) == (1000, 50)
    taken_back = [part for name in limits[::2] for part in (name, "0" if name in ("--daily-segments", "--max-contacts") else "")]
    nothing = run("--json", "site", "put", "10000", *taken_back).json
    assert {nothing[name[2:].replace("-", "_")] for name in limits[::2]} == {None}


def test_rates_are_set_one_by_one_and_taken_back(run: Run) -> None:
    run("site", "put", "10000", "--rate", "send=2/60", "--rate", "import=0.5/5")
    assert run("--json", "site", "put", "10000", "--rate", "send=").json["rates"] == {"import": "0.5/5"}
    assert store.get_site("10000").rates == {"import": "0.5/5"}


WRONG_RATES = [("--rate", text) for text in ("send", "send=5", "send=0/5", "send=5/0", "fly=1/1")]


@pytest.mark.parametrize(
    "wrong", [("--sending-hours", "9-5"), ("--frequency-cap", "often"), ("--daily-segments", "-1"), *WRONG_RATES]
)
def test_a_limit_of_the_wrong_form_is_not_understood(run: Run, wrong: tuple[str, str]) -> None:
    assert run("site", "put", "10000", *wrong).code == 2


def test_sites_are_listed_by_id(run: Run) -> None:
    for site_id in ("20000", "10000"):
        run("site", "put", site_id)
    assert [entry["id"] for entry in run("site", "list").json] == ["10000", "20000"]


@pytest.mark.usefixtures("site")
def test_a_created_key_works_and_is_shown_only_once(run: Run) -> None:
    created = run("key", "create", "10000", "--name", "reporting", "--scope", "contact:read").json
    found = store.find_key(created["key"])
    assert found is not None
    assert (found.site_id, found.scopes) == ("10000", frozenset({"contact:read"}))
    listed = run("key", "list", "10000")
    assert listed.json == [
        {"id": created["id"], "name": "reporting", "scopes": ["contact:read"], "revoked": False, "last_used": None}
    ]
    assert created["key"] not in listed.out + run("site", "show", "10000").out


@pytest.mark.usefixtures("site")
def test_a_given_key_is_not_printed(run: Run) -> None:
    result = run("key", "create", "10000", "--name", "given", "--value-from-stdin", stdin=TOKEN + "\n")
    assert store.find_key(TOKEN)
    assert TOKEN not in result.out + result.err


@pytest.mark.usefixtures("site")
def test_a_revoked_key_does_not_work_and_is_listed_as_revoked(run: Run) -> None:
    created = run("key", "create", "10000", "--name", "leaked").json
    assert run("key", "revoke", "10000", created["id"]).code == 0
    assert store.find_key(created["key"]) is None
    assert [entry["revoked"] for entry in run("key", "list", "10000").json] == [True]


@pytest.mark.usefixtures("site")
def test_a_rotated_key_may_do_the_same_and_the_one_before_works_until_it_is_revoked(run: Run) -> None:
    before = run("key", "create", "10000", "--name", "crm", "--scope", "contact:read").json
    after = run("key", "rotate", "10000", before["id"]).json
    assert store.find_key(after["key"]) == store.find_key(before["key"])
    run("key", "revoke", "10000", before["id"])
    assert run("key", "rotate", "10000", before["id"]).code == 1
    assert (store.find_key(before["key"]), store.find_key(after["key"]) is None) == (None, False)


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    ("command", "given", "stored"),
    [
        (TWILIO, TOKEN, {"token": TOKEN}),
        (TWILIO, json.dumps({"token": TOKEN}), {"token": TOKEN}),
        (TELNYX, json.dumps({"api_key": TOKEN, "public_key": "k"}), {"api_key": TOKEN, "public_key": "k"}),
    ],
)
def test_credentials_go_to_the_secret_store_and_nowhere_else(run: Run, command: list[str], given: str, stored: Any) -> None:
    result = run(*command, "--id", ACCOUNT_ID.upper(), "--rate", "2.5", stdin=given)
    assert store.get_account("10000", ACCOUNT_ID).messages_per_second == 2.5
    assert _secret(secrets.account_path("10000", ACCOUNT_ID)) == stored
    table = boto3.client("dynamodb").scan(TableName=settings().sites_table)["Items"]
    assert TOKEN not in result.out + result.err + str(table) + run("account", "list", "10000").out


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("given", ["", TOKEN, f'{{"token": "{TOKEN}"}}', f'{{"api_key": "{TOKEN}"', f'["{TOKEN}"]'])
def test_unfit_credentials_are_refused_without_quoting_them(run: Run, given: str) -> None:
    result = run(*TELNYX, "--id", ACCOUNT_ID, stdin=given)
    assert result.code == 1
    assert TOKEN not in result.out + result.err
    assert store.list_accounts("10000") == []


@pytest.mark.usefixtures("site")
def test_an_account_cannot_be_taken_over_by_another_site(run: Run) -> None:
    run("site", "put", "20000")
    run(*TWILIO, "--id", ACCOUNT_ID, stdin=TOKEN)
    stolen = [*TWILIO[:2], "20000", *TWILIO[3:]]
    assert run(*stolen, "--id", ACCOUNT_ID, stdin="other").code == 1
    assert store.site_of_account(ACCOUNT_ID) == "10000"
    assert store.list_accounts("20000") == []


@pytest.mark.usefixtures("site")
def test_the_pause_of_an_account_is_shown_and_can_be_ended(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run(*TWILIO, "--id", ACCOUNT_ID, stdin=TOKEN)
    Gate(store.get_account("10000", ACCOUNT_ID)).close("20003: Authenticate")
    capsys.readouterr()  # the metric
    (shown,) = run("account", "list", "10000").json
    assert (shown["pause_reason"], shown["paused_until"][-1]) == ("20003: Authenticate", "Z")
    resumed = run("account", "resume", "10000", ACCOUNT_ID.upper()).json
    assert (resumed["id"], resumed["pause_reason"], resumed["paused_until"]) == (ACCOUNT_ID, None, None)
    assert run("account", "list", "10000").json == [resumed]


@pytest.mark.usefixtures("site")
def test_a_rotated_callback_secret_signs_beside_the_one_before_until_that_is_retired(run: Run) -> None:
    path = secrets.callback_path("10000")
    assert run("callback-secret", "put", "10000", stdin=SECRET).json == {"site": "10000", "secrets": 1}
    first, second = (run("callback-secret", "rotate", "10000").json["secret"] for _ in range(2))
    assert _secret(path) == [second, first]
    run("callback-secret", "retire", "10000")
    assert _secret(path) == [second]


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("key", ["", "arn:aws:kms:us-east-1:123456789012:key/a-key"])
def test_a_secret_is_encrypted_with_the_key_of_the_stack(run: Run, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("KMS_KEY_ARN", key)
    settings.cache_clear()
    run("callback-secret", "put", "10000", stdin=SECRET)
    (described,) = boto3.client("ssm").describe_parameters()["Parameters"]
    assert described["KeyId"] == (key or "alias/aws/ssm")


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("given", [TOKEN, "whsec_%", SECRET.removeprefix("whsec_")])
def test_a_malformed_callback_secret_is_refused_without_quoting_it(run: Run, given: str) -> None:
    result = run("callback-secret", "put", "10000", stdin=given)
    assert result.code == 1
    assert given not in result.err


@pytest.mark.parametrize(
    "command",
    [
        ["site", "show", "1"],
        ["key", "list", "1"],
        ["key", "create", "1", "--name", "x"],
        ["account", "list", "1"],
        ["optout", "list", "1"],
        ["optout", "add", "1", "+12125551234"],
        ["erase", "1", "+12125551234", "--yes"],
        ["export-site", "1"],
        ["campaign", "watch", "1", ACCOUNT_ID],
        ["key", "revoke", "1", "abc"],
        ["account", "resume", "1", ACCOUNT_ID],
        [*TWILIO[:2], "1", *TWILIO[3:]],
        ["callback-secret", "put", "1"],
        ["callback-secret", "rotate", "1"],
        ["callback-secret", "retire", "1"],
    ],
)
def test_an_unknown_site_ends_with_1_and_a_sentence(run: Run, command: list[str]) -> None:
    result = run(*command, stdin=SECRET)
    assert result.code == 1
    assert result.out == ""
    assert result.err.strip()
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    "command",
    [
        ["site", "put", "a/b"],
        ["site", "put", "10000", "--default-region", "XX"],
        ["site", "put", "10000", "--callback-url", "ftp://example.com"],
        ["key", "create", "10000", "--name", "x", "--scope", "everything"],
        [*TWILIO, "--id", "7"],
        [*TWILIO, "--rate", "0"],
        [*TWILIO, "--number", "5550006"],
        ["nothing"],
    ],
)
def test_a_malformed_command_ends_with_2_and_changes_nothing(run: Run, command: list[str]) -> None:
    assert run(*command, stdin=TOKEN).code == 2
    assert store.list_sites() == []


def test_generated_keys_differ_and_cannot_be_guessed() -> None:
    keys = {admin.new_api_key() for _ in range(100)}
    assert len(keys) == 100
    assert min(map(len, keys)) >= 43
