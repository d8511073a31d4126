"""outreach-admin: what holds of every command."""

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
    """The words of each command, and the command; groups are among them."""
    yield path, group
    for name, entry in getattr(group, "commands", {}).items():
        yield from commands(entry, *path, name)


ALL = dict(commands(typer.main.get_command(cli.app)))
DOING = {path: entry for path, entry in ALL.items() if isinstance(entry, Command)}
IN_A_STACK = [path for path, entry in DOING.items() if isinstance(entry, StackCommand)]


def example(path: tuple[str, ...]) -> list[str]:
    """The arguments of the example in a command's help."""
    line = re.search(r"Example: .*?outreach-admin (.+)", DOING[path].help)
    assert line, "its docstring has no line `Example: outreach-admin …`"
    return shlex.split(line[1])


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the example of ``import`` imports."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OUTREACH_API_KEY", "a-key")
    Path("contacts.csv").write_text("name\n")


def ends(*arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        cli.main(list(arguments))
    return int(end.value.code or 0)


def test_every_command_is_looked_at() -> None:
    assert [path for path, entry in ALL.items() if path not in DOING and not hasattr(entry, "commands")] == []


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_help_needs_no_stack(path: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert ends(*path, "--help") == 0
    assert "outreach-admin" in capsys.readouterr().out


@pytest.fixture
def parsed(file: None, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The contexts of commands that were understood; none of them does anything."""
    found: list[Any] = []
    for kind in (Command, StackCommand):
        monkeypatch.setattr(kind, "invoke", lambda _self, context: found.append(context))
    return found


@pytest.mark.parametrize("path", DOING, ids=" ".join)
def test_the_example_is_understood_and_so_is_json(path: tuple[str, ...], parsed: list[Any]) -> None:
    for given in (example(path), [*example(path), "--json"]):
        assert ends(*given) == 0
    words = " ".join(("outreach-admin", *path))
    assert [(context.command_path, context.obj.as_json) for context in parsed] == [(words, False), (words, True)]


def documented() -> list[str]:
    """The command lines of the documentation."""
    texts = [file.read_text() for file in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))]
    return [line for text in texts for line in re.findall(r"^outreach-admin (.+)$", text, re.MULTILINE)]


@pytest.mark.parametrize("line", documented())
def test_what_the_documentation_says_to_type_is_understood(line: str, parsed: list[Any]) -> None:
    assert ends(*shlex.split(line, comments=True)) == 0
    assert len(parsed) == 1


@pytest.mark.parametrize("path", DOING, ids=" ".join)
def test_what_is_not_understood_ends_with_2(path: tuple[str, ...], file: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert ends(*example(path), "--nonsense") == 2
    assert "--nonsense" in capsys.readouterr().err


@pytest.mark.parametrize("path", IN_A_STACK, ids=" ".join)
def test_without_its_stack_a_command_ends_with_1_and_a_sentence(
    path: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(_stack: str) -> None:
        error: Any = {"Error": {"Code": "ValidationError", "Message": "Stack 'outreach' does not exist"}}
        raise ClientError(error, "DescribeStackResource")

    monkeypatch.setattr(deployment, "enter", missing)
    assert ends(*example(path)) == 1
    printed = capsys.readouterr()
    assert (printed.out, "does not exist" in printed.err) == ("", True)


@pytest.mark.parametrize("error", [OSError("No space left on device"), RuntimeError("SQS refused 1 of 2 letters")])
def test_a_fault_of_the_machine_is_a_sentence_too(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_stack: str) -> None:
        raise error

    monkeypatch.setattr(deployment, "enter", fail)
    assert ends("site", "list") == 1
    assert capsys.readouterr().err == f"{error}\n"
