"""What commands have in common: the stack that they run in, and arguments that are checked."""

from __future__ import annotations

import re
import uuid
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from outreach.sites import store
from outreach_admin import deployment
from outreach_admin.output import Output

_JSON = "--json"


class Command(TyperCommand):
    """A command that takes ``--json`` behind its name as well."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if _JSON in args:
            ctx.obj = Output(as_json=True)
        return super().parse_args(ctx, [argument for argument in args if argument != _JSON])


class StackCommand(Command):
    """A command inside the stack. That is looked up when the command is certain to run, and not for its help."""

    def invoke(self, ctx: Any) -> Any:
        self.enter(ctx)
        return super().invoke(ctx)

    def enter(self, ctx: Any) -> None:
        """Get to where the command runs."""
        deployment.enter(ctx.find_root().params["stack"])


class SiteCommand(StackCommand):
    """A command for a site that there must be: a mistyped one has nothing to list, and what is noted for it nobody reads."""

    def enter(self, ctx: Any) -> None:
        super().enter(ctx)
        store.get_site(ctx.params["site_id"])


_SITE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def _site_id(value: str) -> str:
    if not _SITE_ID.fullmatch(value):
        raise typer.BadParameter("is up to 64 letters, digits, - and _")
    return value


def number_option(value: str) -> str:
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}", value):
        raise typer.BadParameter("is a number in E.164 form such as +15005550006")
    return value


def guid_option(value: str | None) -> str | None:
    try:
        return value and str(uuid.UUID(value))
    except ValueError as error:
        raise typer.BadParameter("is a GUID") from error


def _person(value: str) -> str | None:
    try:
        return number_option(value) if value.startswith("+") else guid_option(value)
    except typer.BadParameter as error:
        raise typer.BadParameter("is the id of a contact, or a number in E.164 form such as +12125551234") from error


SiteId = Annotated[str, typer.Argument(metavar="SITE", callback=_site_id, help="The site's id.")]
Number = Annotated[str, typer.Argument(metavar="NUMBER", callback=number_option, help="In E.164 form, such as +12125551234.")]
Person = Annotated[
    str, typer.Argument(metavar="PERSON", callback=_person, help="The id of a contact, or a number in E.164 form.")
]
