"""outreach-admin: rules for every command."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from botocore.exceptions import ClientError
from outreach_admin import cli, deployment
from outreach_admin.options import Command, StackCommand

from tests.support.template import ROOT


def commands(group: Any, *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield each command and each group of commands, with the words that call it."""
    yield path, group
    for name, entry in getattr(group, "commands", {}).items():
        yield from commands(entry, *path, name)


ENTRIES = dict(commands(typer.main.get_command(cli.app)))
COMMANDS = {path: entry for path, entry in ENTRIES.items() if isinstance(entry, Command)}
STACK_COMMANDS = [path for path, entry in COMMANDS.items() if isinstance(entry, StackCommand)]


def example(path: tuple[str, ...]) -> list[str]:
    """Return the arguments of the example in the help of a command."""
    line = re.search(r"Example: .*?outreach-admin (.+)", COMMANDS[path].help or "")
    assert line, "add a line `Example: outreach-admin …` to its docstring"
    return shlex.split(line[1])


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Create the files that the examples of ``import`` and ``optout import`` name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OUTREACH_API_KEY", "a-key")
    Path("contacts.csv").write_text("name\n")
    Path("unsubscribed.csv").write_text("+12125550121\n")


def exit_status(*arguments: str) -> int:
    with pytest.raises(SystemExit) as exit_:
        cli.main(list(arguments))
    return int(exit_.value.code or 0)


def test_every_entry_is_a_command_or_a_group() -> None:
    assert [path for path, entry in ENTRIES.items() if path not in COMMANDS and not hasattr(entry, "commands")] == []


@pytest.mark.parametrize("path", ENTRIES, ids=" ".join)
def test_help_needs_no_stack(path: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_status(*path, "--help") == 0
    assert "outreach-admin" in capsys.readouterr().out


@pytest.fixture
def parsed(file: None, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Contexts of the commands that were parsed; the commands do not run."""
    contexts: list[Any] = []
    for kind in (Command, StackCommand):
        monkeypatch.setattr(kind, "invoke", lambda _self, context: contexts.append(context))
    return contexts


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_the_example_of_a_command_is_valid_with_and_without_json(path: tuple[str, ...], parsed: list[Any]) -> None:
    for arguments in (example(path), [*example(path), "--json"]):
        assert exit_status(*arguments) == 0
    words = " ".join(("outreach-admin", *path))
    assert [(context.command_path, context.obj.as_json) for context in parsed] == [(words, False), (words, True)]


def documented_commands() -> list[str]:
    """Return the command lines in the documentation."""
    texts = [file.read_text() for file in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))]
    return [line for text in texts for line in re.findall(r"^outreach-admin (.+)$", text, re.MULTILINE)]


@pytest.mark.parametrize("line", documented_commands())
def test_every_documented_command_is_valid(line: str, parsed: list[Any]) -> None:
    assert exit_status(*shlex.split(line, comments=True)) == 0
    assert len(parsed) == 1


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_an_unknown_option_exits_with_2(path: tuple[str, ...], file: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_status(*example(path), "--nonsense") == 2
    assert "--nonsense" in capsys.readouterr().err


@pytest.mark.parametrize("path", STACK_COMMANDS, ids=" ".join)
def test_a_command_without_its_stack_exits_with_1_and_a_message(
    path: tuple[str, ...], file: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(_stack: str) -> None:
        error: Any = {"Error": {"Code": "ValidationError", "Message": "Stack 'outreach' does not exist"}}
        raise ClientError(error, "DescribeStackResource")

    monkeypatch.setattr(deployment, "enter", missing)
    assert exit_status(*example(path)) == 1
    printed = capsys.readouterr()
    assert (printed.out, "does not exist. Check OUTREACH_STACK" in printed.err) == ("", True)


@pytest.mark.parametrize("error", [OSError("No space left on device"), RuntimeError("SQS refused 1 of 2 messages")])
def test_an_error_of_the_machine_is_printed_as_a_message(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_stack: str) -> None:
        raise error

    monkeypatch.setattr(deployment, "enter", fail)
    assert exit_status("site", "list") == 1
    assert capsys.readouterr().err == f"{error}\n"
