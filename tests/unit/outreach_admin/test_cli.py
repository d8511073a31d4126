"""outreach-admin: what holds for every command."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest
import typer
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, NoRegionError
from botocore.parsers import ResponseParserError
from outreach_admin import cli

from outreach.sites import site_store
from tests.unit.outreach_admin.conftest import ACCOUNT_ID, SECRET, TOKEN, TWILIO, Run

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
    "restore-deleted": "replaces nothing: a table or queue that exists keeps what it holds",
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


@pytest.mark.parametrize("error", [ResponseParserError("b'<html>'"), EndpointConnectionError(endpoint_url="http://127.0.0.1:1/")])
def test_an_endpoint_that_is_not_aws_is_called_so(run: Run, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    monkeypatch.setattr(site_store, "list_sites", Mock(side_effect=error))
    failed = run("site", "list")
    assert (failed.code, "AWS_ENDPOINT_URL" in failed.err) == (1, True)


def refused(code: str, message: str = "refused") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "GetItem")


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (NoCredentialsError(), "AWS_PROFILE"),
        (NoRegionError(), "AWS_REGION"),
        (refused("ExpiredToken"), "Sign in to AWS again"),
        (refused("UnrecognizedClientException"), "Sign in to AWS again"),
        (refused("AccessDenied"), "may not do this"),
        (refused("AccessDeniedException", "KMS key access denied"), "A deleted table, queue or key"),
        (refused("ResourceNotFoundException"), "A deleted table, queue or key"),
        (refused("AWS.SimpleQueueService.NonExistentQueue"), "A deleted table, queue or key"),
        (refused("ValidationError", "Resource Authorize does not exist for stack vpc"), "OUTREACH_STACK"),
        (refused("ThrottlingException"), "Try again"),
    ],
)
def test_an_error_of_aws_is_one_line_that_says_what_to_do(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: Exception, hint: str
) -> None:
    monkeypatch.setattr(site_store, "list_sites", Mock(side_effect=error))
    failed = run("sending", "stop")
    assert (failed.code, failed.out, failed.err.count("\n"), hint in failed.err) == (1, "", 1, True), failed.err


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
