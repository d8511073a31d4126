"""Commands for the secrets that sign the callbacks of a site."""

from __future__ import annotations

import typer

from outreach_admin import admin
from outreach_admin.options import DryRun, SiteCommand, SiteId, read_secret

callback_secret = typer.Typer(no_args_is_help=True, help="Manage the secrets that sign the callbacks of a site.")


@callback_secret.command("put", cls=SiteCommand)
def put_callback_secret(context: typer.Context, site_id: SiteId, dry_run: DryRun = False) -> None:
    """Sign callbacks with one secret only: the `whsec_…` secret on standard input. The site's other secrets are deleted.

    Example: pass outreach/callbacks | outreach-admin callback-secret put 10000
    """
    if dry_run:
        context.obj.one({"site": site_id, "would_delete": admin.count_callback_secrets(site_id)})
        return
    admin.put_callback_secret(site_id, read_secret("callback secret"))
    context.obj.one({"site": site_id, "secrets": 1})


@callback_secret.command("rotate", cls=SiteCommand)
def rotate_callback_secret(context: typer.Context, site_id: SiteId) -> None:
    """Create a callback secret and print it. It cannot be shown again.

    Callbacks are signed with the new and the previous secret until `callback-secret retire`.

    Example: outreach-admin callback-secret rotate 10000
    """
    context.obj.one({"secret": admin.rotate_callback_secret(site_id)})


@callback_secret.command("retire", cls=SiteCommand)
def retire_callback_secret(context: typer.Context, site_id: SiteId, dry_run: DryRun = False) -> None:
    """Finish a rotation: sign callbacks with the newest secret only. The others are deleted.

    Example: outreach-admin callback-secret retire 10000
    """
    if dry_run:
        context.obj.one({"site": site_id, "would_delete": max(admin.count_callback_secrets(site_id) - 1, 0)})
        return
    admin.retire_callback_secret(site_id)
    context.obj.one({"site": site_id, "secrets": 1})
