"""Commands for the API keys of a site."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from outreach.http.caller import SCOPES
from outreach.sites import site_store
from outreach.sites.models import ApiKey
from outreach_admin import admin
from outreach_admin.options import DryRun, SiteCommand, SiteId, read_secret, visible_name_option

key = typer.Typer(no_args_is_help=True, help="Manage the API keys of a site. Only their hashes are stored.")

_KeyId = Annotated[str, typer.Argument(metavar="KEY", help="Id of the key.")]

# What a person does in the console: everything but the endpoints that other systems call.
PRESETS = {"console": tuple(scope for scope in SCOPES if scope not in ("unichannel:send", "ticketing:write"))}


def _preset(value: str | None) -> str | None:
    if value and value not in PRESETS:
        raise typer.BadParameter(f"must be one of {', '.join(PRESETS)}")
    return value


def _scopes(values: list[str]) -> list[str]:
    if unknown := set(values) - set(SCOPES):
        raise typer.BadParameter(f"unknown scope {', '.join(sorted(unknown))}; choose from {', '.join(SCOPES)}")
    return values


@key.command("create", cls=SiteCommand)
def create_key(
    context: typer.Context,
    site_id: SiteId,
    name: Annotated[str, typer.Option(callback=visible_name_option, help="What the key is used for.")],
    scope: Annotated[
        list[str],
        typer.Option(callback=_scopes, help=f"Scope of the key, repeatable; default all: {', '.join(SCOPES)}."),
    ] = [],  # noqa: B006
    preset: Annotated[
        str | None, typer.Option(callback=_preset, help="Add the scopes for a use: `console` for a person who uses the console.")
    ] = None,
    value_from_stdin: Annotated[
        bool, typer.Option("--value-from-stdin", help="Read the key from standard input. Use at least 128 random bits.")
    ] = False,
) -> None:
    """Create an API key and print it. It cannot be shown again.

    Example: outreach-admin key create 10000 --name reporting --scope contact:read --scope outreach:read

    Example: outreach-admin key create 10000 --name "Ada's console" --preset console
    """
    value = admin.read_api_key(read_secret("API key")) if value_from_stdin else admin.new_api_key()
    key_id = admin.put_api_key(site_id, name, value, frozenset([*scope, *PRESETS.get(preset or "", ())]))
    context.obj.one({"id": key_id} | ({} if value_from_stdin else {"key": value}))


@key.command("list", cls=SiteCommand)
def list_keys(context: typer.Context, site_id: SiteId) -> None:
    """List the API keys of a site by id; the keys themselves are not stored.

    Example: outreach-admin key list 10000
    """
    context.obj.many(keys_of(site_id))


@key.command("rotate", cls=SiteCommand)
def rotate_key(context: typer.Context, site_id: SiteId, key_id: _KeyId) -> None:
    """Create a second key with the same name and scopes, and print it. Revoke the existing key when clients use the new one.

    Example: outreach-admin key rotate 10000 3f2a9c81d0b4
    """
    value = admin.new_api_key()
    context.obj.one({"id": admin.rotate_api_key(site_id, key_id, value), "key": value})


@key.command("revoke", cls=SiteCommand)
def revoke_key(
    context: typer.Context,
    site_id: SiteId,
    key_id: _KeyId,
    dry_run: DryRun = False,
) -> None:
    """Revoke an API key. It stops working within 30 seconds. This cannot be undone.

    `--dry-run` shows which key it is, and when it was last used.

    Example: outreach-admin key revoke 10000 3f2a9c81d0b4
    """
    entry = admin.find_api_key(site_id, key_id) if dry_run else admin.revoke_api_key(site_id, key_id)
    context.obj.one(_key_fields(key_id, entry))


def keys_of(site_id: str) -> list[dict[str, Any]]:
    """Return what is shown of each API key of a site."""
    return [_key_fields(site_store.key_id(digest), entry) for digest, entry in site_store.list_keys(site_id)]


def _key_fields(key_id: str, entry: ApiKey) -> dict[str, Any]:
    return {
        "id": key_id,
        "name": entry.name,
        "scopes": sorted(entry.scopes),
        "revoked": entry.revoked,
        "last_used": entry.last_used,
    }
