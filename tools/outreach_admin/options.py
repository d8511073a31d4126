"""Command classes, validated arguments and the reading of secrets, which the commands share."""

from __future__ import annotations

import re
import sys
import uuid
from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from outreach import parsing, phone_numbers, text
from outreach.sites import site_store
from outreach_admin import deployment
from outreach_admin.output import Output

_JSON = "--json"


class Command(TyperCommand):
    """A command that also accepts ``--json`` after its name."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if _JSON in args:
            ctx.obj = Output(as_json=True)
        return super().parse_args(ctx, [argument for argument in args if argument != _JSON])


class StackCommand(Command):
    """A command that works on the stack. Looks the stack up only to run the command, not to show its help."""

    def invoke(self, ctx: Any) -> Any:
        self.enter(ctx)
        return super().invoke(ctx)

    def enter(self, ctx: Any) -> None:
        """Prepare the process for the command."""
        deployment.enter(ctx.find_root().params["stack"])


class SiteCommand(StackCommand):
    """A command for an existing site, or for all sites. An unknown site fails: a typing error is no empty site."""

    def enter(self, ctx: Any) -> None:
        super().enter(ctx)
        if site_id := ctx.params["site_id"]:
            site_store.get_site(site_id)


_SITE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def _site_id(value: str) -> str:
    if not _SITE_ID.fullmatch(value):
        raise typer.BadParameter("must be up to 64 letters, digits, - and _")
    return value


def _read(value: str, read: Callable[[str], str], longest: int) -> str:
    """Read an option by a rule of the API, which shows the value."""
    try:
        read_value = read(value)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    if len(read_value) > longest:
        raise typer.BadParameter(f"must have at most {longest:,} characters")
    return read_value


def name_option(value: str | None) -> str | None:
    """Return a name as the API reads names. It may be empty."""
    return value and text.empty_if_blank(_read(value, text.require_name, text.MAX_NAME))


def visible_name_option(value: str) -> str:
    """Return a name that shows something."""
    return _read(value, lambda given: text.require_visible(text.require_name(given)), text.MAX_NAME)


def names_option(values: list[str] | None) -> list[str] | None:
    """Return several names."""
    return values and [name_option(value) or "" for value in values]


def text_option(value: str | None) -> str | None:
    """Return a text as the API reads texts. It may be empty."""
    return value and _read(value, lambda given: text.require_text(text.normalise(given)), text.MAX_CHARACTERS)


def url_option(value: str | None) -> str | None:
    """Return a URL as the API reads URLs. It may be empty."""
    return value and _read(value, parsing.parse_url, parsing.MAX_URL)


def number_option(value: str) -> str:
    """Return a number in E.164 form. Spaces and other separators are accepted."""
    number = phone_numbers.read_reported(value.strip())
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}", number):
        raise typer.BadParameter("must be a number in E.164 form such as +15005550006")
    return number


def guid_option(value: str | None) -> str | None:
    try:
        return value and str(uuid.UUID(value))
    except ValueError as error:
        raise typer.BadParameter("must be a GUID") from error


def _person(value: str) -> str | None:
    try:
        return number_option(value) if value.startswith("+") else guid_option(value)
    except typer.BadParameter as error:
        raise typer.BadParameter("must be the id of a contact, or a number in E.164 form such as +12125551234") from error


def _optional_site_id(value: str | None) -> str | None:
    return value if value is None else _site_id(value)


SiteId = Annotated[str, typer.Argument(metavar="SITE", callback=_site_id, help="Id of the site.")]
OptionalSiteId = Annotated[
    str | None, typer.Option("--site", callback=_optional_site_id, help="Id of a site; all sites by default.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would happen; change nothing.")]
Number = Annotated[
    str, typer.Argument(metavar="NUMBER", callback=number_option, help="Number in E.164 form, such as +12125551234.")
]
Person = Annotated[str, typer.Argument(metavar="PERSON", callback=_person, help="Id of a contact, or a number in E.164 form.")]


def read_secret(name: str) -> str:
    """Read a secret from standard input: from a pipe to its end, from a terminal without echo.

    Raises:
        ValueError: standard input is empty.
    """
    value = typer.prompt(name, hide_input=True) if sys.stdin.isatty() else sys.stdin.read()
    if not value.strip():
        raise ValueError(f"Standard input is empty. Pass the {name} there.")
    return str(value.strip())
