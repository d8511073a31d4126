"""outreach-admin: commands for sites, keys, channel accounts and callback secrets."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import boto3
import pytest
import typer
from botocore.parsers import ResponseParserError
from outreach_admin import admin, cli

from outreach.http.caller import SCOPES
from outreach.sending.circuit_breaker import CircuitBreaker
from outreach.settings import settings
from outreach.sites import secrets, site_store
from outreach.sites.models import ApiKey, FrequencyCap, Site

Run = Callable[..., Any]

TOKEN = "a-token-that-is-never-printed"
SECRET = "whsec_bG9jYWwtb3V0cmVhY2gtY2FsbGJhY2stc2VjcmV0LTAx"
ACCOUNT_ID = "647277e8-06a5-4eec-ba66-1cdd617dc778"
TWILIO = ["account", "put", "10000", "--carrier", "twilio", "--number", "+15005550006", "--carrier-account", "AC1"]
TELNYX = ["account", "put", "10000", "--carrier", "telnyxsms", "--number", "+15005550008", "--carrier-account", "1"]


SERVICE, PROFILE = "MG" + "a" * 32, "4001017c-8e05-4fe8-8d5b-d3c5c3a1f1e1"


@pytest.fixture
def site(run: Run) -> str:
    assert run("site", "put", "10000").code == 0
    return "10000"


def _secret(path: str) -> Any:
    parameter = boto3.client("ssm").get_parameter(Name=path, WithDecryption=True)["Parameter"]
    assert parameter["Type"] == "SecureString"
    return json.loads(parameter["Value"])


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


def test_rate_limits_are_set_and_removed_one_by_one(run: Run) -> None:
    run("site", "put", "10000", "--rate", "send=2/60", "--rate", "import=0.5/5")
    assert run("--json", "site", "put", "10000", "--rate", "send=").json["rates"] == {"import": "0.5/5"}
    assert site_store.get_site("10000").rates == {"import": "0.5/5"}


MALFORMED_RATES = [("--rate", text) for text in ("send", "send=5", "send=0/5", "send=5/0", "fly=1/1")]


@pytest.mark.parametrize(
    "option", [("--sending-hours", "9-5"), ("--frequency-cap", "often"), ("--daily-segments", "-1"), *MALFORMED_RATES]
)
def test_a_malformed_limit_exits_with_2(run: Run, option: tuple[str, str]) -> None:
    assert run("site", "put", "10000", *option).code == 2


def test_sites_are_listed_by_id(run: Run) -> None:
    for site_id in ("20000", "10000"):
        run("site", "put", site_id)
    assert [entry["id"] for entry in run("site", "list").json] == ["10000", "20000"]


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
def test_a_dry_run_counts_the_callback_secrets_that_would_be_deleted(run: Run) -> None:
    for _ in range(2):
        run("callback-secret", "rotate", "10000")
    before = _secret(secrets.callback_path("10000"))
    assert run("callback-secret", "put", "10000", "--dry-run").json["would_delete"] == 2
    assert run("callback-secret", "retire", "10000", "--dry-run").json["would_delete"] == 1
    assert _secret(secrets.callback_path("10000")) == before


# Commands that change things and need no --dry-run, and why.
WITHOUT_DRY_RUN = {
    "site put": "changes the options that it is given, and shows the result",
    "key create": "adds",
    "key rotate": "adds",
    "account put": "changes the options that it is given, and shows the result",
    "account credentials": "changes one value, which nobody can show",
    "account resume": "only ends a pause",
    "callback-secret rotate": "adds",
    "optout add": "one number, which `optout remove` takes back",
    "optout remove": "one number, which `optout add` takes back",
    "send pause": "`send resume` takes it back",
    "send resume": "`send pause` takes it back",
    "restore-drill": "changes nothing of the stack",
}
READ_ONLY = {
    *("site list", "site show", "key list", "account list", "optout list", "send list", "sending status"),
    *("campaign watch", "export-site"),
}


def test_every_command_that_destroys_or_changes_much_has_a_dry_run() -> None:
    root: Any = typer.main.get_command(cli.app)
    groups = {name: getattr(command, "commands", None) for name, command in root.commands.items()}
    commands = {
        f"{name} {verb}".strip(): command
        for name, group in groups.items()
        for verb, command in (group or {"": root.commands[name]}).items()
    }
    without = {
        name for name, command in commands.items() if all("--dry-run" not in parameter.opts for parameter in command.params)
    }
    assert without == READ_ONLY | WITHOUT_DRY_RUN.keys()


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
@pytest.mark.parametrize(
    ("command", "stdin", "stored"),
    [
        (TWILIO, TOKEN, {"token": TOKEN}),
        (TWILIO, json.dumps({"token": TOKEN}), {"token": TOKEN}),
        (TELNYX, json.dumps({"api_key": TOKEN, "public_key": "k"}), {"api_key": TOKEN, "public_key": "k"}),
    ],
)
def test_credentials_are_stored_as_a_secret_and_nowhere_else(run: Run, command: list[str], stdin: str, stored: Any) -> None:
    result = run(*command, "--id", ACCOUNT_ID.upper(), "--rate", "2.5", stdin=stdin)
    assert site_store.get_account("10000", ACCOUNT_ID).messages_per_second == 2.5
    assert _secret(secrets.account_path("10000", ACCOUNT_ID)) == stored
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
@pytest.mark.parametrize("key", ["two words", "é", "a\nb", "x" * 257])
def test_a_key_that_no_client_can_send_is_refused(run: Run, key: str) -> None:
    result = run("key", "create", "10000", "--name", "x", "--value-from-stdin", stdin=key)
    assert (result.code, key in result.err, run("key", "list", "10000").json) == (1, False, [])


def test_an_endpoint_that_is_not_aws_is_called_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_store, "list_sites", Mock(side_effect=ResponseParserError("b'<html>'")))
    failed = run("site", "list")
    assert (failed.code, "Check AWS_ENDPOINT_URL" in failed.err) == (1, True)


def test_a_region_has_any_case(run: Run) -> None:
    assert run("site", "put", "10000", "--default-region", "gb").json["default_region"] == "GB"


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
    assert _secret(secrets.account_path("10000", ACCOUNT_ID)) == {"token": TOKEN}


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
    credentials = json.dumps({"api_key": "KEY", "public_key": "k"})
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
    assert _secret(secrets.account_path("10000", ACCOUNT_ID)) == {"token": TOKEN}
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
    assert run("account", "list", "10000").json == [resumed]


@pytest.mark.usefixtures("site")
def test_callbacks_are_signed_with_both_secrets_until_the_old_one_is_retired(run: Run) -> None:
    path = secrets.callback_path("10000")
    assert run("callback-secret", "put", "10000", stdin=SECRET).json == {"site": "10000", "secrets": 1}
    first, second = (run("callback-secret", "rotate", "10000").json["secret"] for _ in range(2))
    assert _secret(path) == [second, first]
    run("callback-secret", "retire", "10000")
    assert _secret(path) == [second]


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("key", ["", "arn:aws:kms:us-east-1:123456789012:key/a-key"])
def test_a_secret_is_encrypted_with_the_kms_key_of_the_stack(run: Run, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("KMS_KEY_ARN", key)
    settings.cache_clear()
    run("callback-secret", "put", "10000", stdin=SECRET)
    (parameter,) = boto3.client("ssm").describe_parameters()["Parameters"]
    assert parameter["KeyId"] == (key or "alias/aws/ssm")


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("secret", [TOKEN, "whsec_%", SECRET.removeprefix("whsec_")])
def test_a_malformed_callback_secret_is_refused_and_not_quoted(run: Run, secret: str) -> None:
    result = run("callback-secret", "put", "10000", stdin=secret)
    assert result.code == 1
    assert secret not in result.err


@pytest.mark.parametrize(
    "command",
    [
        ["site", "show", "1"],
        ["key", "list", "1"],
        ["key", "create", "1", "--name", "x"],
        ["account", "list", "1"],
        ["optout", "list", "1"],
        ["optout", "add", "1", "+12125551234"],
        ["optout", "import", "1", __file__],
        ["erase", "1", "+12125551234", "--yes"],
        ["export-site", "1"],
        ["campaign", "watch", "1", ACCOUNT_ID],
        ["key", "revoke", "1", "abc"],
        ["account", "resume", "1", ACCOUNT_ID],
        ["account", "credentials", "1", ACCOUNT_ID],
        [*TWILIO[:2], "1", *TWILIO[3:]],
        ["callback-secret", "put", "1"],
        ["callback-secret", "rotate", "1"],
        ["callback-secret", "retire", "1"],
    ],
)
def test_a_command_for_an_unknown_site_exits_with_1_and_a_message(run: Run, command: list[str]) -> None:
    result = run(*command, stdin=SECRET)
    assert result.code == 1
    assert result.out == ""
    assert result.err == "There is no site 1. `outreach-admin site list` shows all.\n"


@pytest.mark.parametrize(
    "command",
    [
        ["site", "put", "a/b"],
        ["site", "put", "10000", "--default-region", "XX"],
        ["site", "put", "10000", "--callback-url", "ftp://example.com"],
        ["site", "put", "10000", "--opt-in-keyword", "stop"],
        ["key", "create", "10000", "--name", "x", "--scope", "everything"],
        ["key", "create", "10000", "--name", "x", "--preset", "everything"],
        [*TWILIO, "--id", "7"],
        [*TWILIO, "--rate", "0"],
        [*TWILIO, "--rate", "inf"],
        [*TWILIO, "--name", "x" * 257],
        [*TWILIO, "--name", "a\nb"],
        *[["key", "create", "10000", "--name", name] for name in ("", " ", "x" * 257, "a\x1b[31m")],
        *[["site", "put", "10000", option, "1" + "0" * 40] for option in ("--max-contacts", "--daily-segments")],
        *[
            ["site", "put", "10000", "--callback-url", url]
            for url in ("http://256.1.1.1/", "http://a/" + "x" * 2_000, "http://a b/")
        ],
        ["site", "put", "10000", "--help-keyword", "x" * 257],
        ["optout", "add", "10000", "+12125551234", "--reason", "x" * 2_001],
        ["sending", "stop", "--reason", "a\x00b"],
        ["nothing"],
    ],
)
def test_a_malformed_command_exits_with_2_and_changes_nothing(run: Run, command: list[str]) -> None:
    assert run(*command, stdin=TOKEN).code == 2
    assert site_store.list_sites() == []


def test_generated_keys_are_unique_and_long() -> None:
    keys = {admin.new_api_key() for _ in range(100)}
    assert len(keys) == 100
    assert min(map(len, keys)) >= 43
