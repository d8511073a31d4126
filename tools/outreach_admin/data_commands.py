"""Commands for what a stack stores: dead letters, erasure, export, restore, and the emptying of its buckets."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from outreach.settings import settings
from outreach_admin import (
    buckets,
    dead_letters,
    deleted_queues,
    deleted_tables,
    erasure,
    restore_drill,
    site_export,
    table_restore,
)
from outreach_admin.options import DryRun, Person, SiteCommand, SiteId, StackCommand

# An export of a site leaves out short-lived data about requests.
_ALL_TABLES = (*site_export.TABLES, "requests")


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command("redrive", cls=StackCommand)(redrive)
    app.command("erase", cls=SiteCommand)(erase)
    app.command("export-site", cls=SiteCommand)(export_site)
    app.command("restore", cls=StackCommand)(restore)
    app.command("restore-drill", cls=StackCommand)(drill)
    app.command("restore-deleted", cls=StackCommand)(restore_deleted)
    app.command("empty-buckets", cls=StackCommand)(empty_buckets)


def redrive(
    context: typer.Context,
    queue: Annotated[str, typer.Argument(metavar="QUEUE", help=f"The source queue: {', '.join(dead_letters.QUEUES)}.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count the dead letters, move none.")] = False,
) -> None:
    """Move the dead letters of a queue back to the queue.

    First fix what made them fail: see docs/operations.md, "Dead letters".

    Example: outreach-admin redrive SendQueue
    """
    if queue not in dead_letters.QUEUES:
        raise typer.BadParameter(f"must be one of {', '.join(dead_letters.QUEUES)}", param_hint="QUEUE")
    count = dead_letters.count(queue)
    context.obj.one({"queue": queue, "found": count, "moved": 0 if dry_run else dead_letters.redrive(queue)})


def erase(
    context: typer.Context,
    site_id: SiteId,
    person: Person,
    opt_out_too: Annotated[
        bool,
        typer.Option("--opt-out-too", help="Also delete the opt-out. The site may then send to the number after a new import."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    dry_run: DryRun = False,
) -> None:
    """Erase a person: delete the contact, overwrite the content of its messages and tickets, and every copy of its numbers,
    e-mail addresses and name that filters, campaigns, imported files and stored answers have. Reads all tables.

    The emptied messages stay for the counts, and an opt-out stays with its number. Backups of tables keep the person for 35 days,
    dead letters for 14 days. The carrier keeps its own records. docs/operations.md, "Erasing a person", lists what stays.

    `--dry-run` finds the contact, its messages and those that wait; it does not search the copies.

    Example: outreach-admin erase 10000 +12125551234 --yes
    """
    if dry_run:
        context.obj.one(asdict(erasure.find(site_id, person)))
        return
    if not yes:
        typer.confirm(f"Erase {person} from site {site_id}? This cannot be undone.", abort=True)
    counts = asdict(erasure.erase(site_id, person, opt_out=opt_out_too))
    context.obj.one(counts)
    if not any(counts.values()):
        # Not an error: a repeated command finds nothing either.
        Console(stderr=True).print("Nothing about this person is stored in this site.")


def export_site(
    context: typer.Context,
    site_id: SiteId,
    to: Annotated[Path | None, typer.Option(help="File to write; standard output by default.")] = None,
) -> None:
    """Export all items of a site from all tables, one JSON object per line. Secrets and files in S3 are not included.

    Example: outreach-admin export-site 10000 --to site.ndjson
    """
    number = 0
    with to.open("w", encoding="utf-8") if to else nullcontext(sys.stdout) as target:
        for item in site_export.items(site_id):
            number += 1
            print(json.dumps(item, ensure_ascii=False), file=target)
    if to:
        context.obj.one({"file": str(to), "items": number})


def restore(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="Table that was restored from a backup.")],
    target: Annotated[str, typer.Argument(metavar="TARGET", help="The stack's own table, to copy the items to.")],
    site_id: Annotated[str | None, typer.Option("--site", help="Copy only the items of this site.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Also replace items that exist in TARGET.")] = False,
    dry_run: DryRun = False,
) -> None:
    """Copy the items of a restored table back to the stack's own table. `--dry-run` counts how the two differ.

    May be repeated. docs/operations.md, "Restoring data", lists the steps before and after.

    Example: outreach-admin restore outreach-ContactsTable-1X-restored outreach-ContactsTable-1X --site 10000
    """
    table_restore.require_tables(source, target)
    if dry_run:
        context.obj.one(asdict(table_restore.compare(source, target, site_id)))
        return
    copied, kept = table_restore.copy(source, target, site_id, overwrite=overwrite)
    context.obj.one({"copied": copied, "kept": kept})


def drill(
    context: typer.Context,
    table: Annotated[str, typer.Argument(metavar="TABLE", help=f"One of {', '.join(site_export.TABLES)}.")],
    at: Annotated[datetime | None, typer.Option(help="Moment (UTC) to restore; the latest possible one by default.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the restored copy, to copy items back from it.")] = False,
) -> None:
    """Restore a table to a copy, and show how the two differ and which functions write to the table. Changes nothing else.

    Run it now and then, so that the backups are known to work, and with `--keep` as the first step of a real restore.
    docs/operations.md, "Restoring data", has the other steps. AWS charges for the restored gigabytes.

    Example: outreach-admin restore-drill contacts --at 2026-03-01T08:59:59
    """
    name = _name_of(table, site_export.TABLES)
    functions = restore_drill.writers(context.find_root().params["stack"], name)
    result = restore_drill.run(name, at and at.replace(tzinfo=UTC), keep=keep)
    found = {"table": name, "copy": result.copy if keep else None, "seconds": result.seconds, **asdict(result.differences)}
    context.obj.one(found | {"functions_to_stop": functions})


def restore_deleted(
    context: typer.Context,
    what: Annotated[
        str,
        typer.Argument(
            metavar="TABLE|QUEUE", help=f"A table: {', '.join(_ALL_TABLES)}. Or a queue: {', '.join(deleted_queues.NAMES)}."
        ),
    ],
    protect: Annotated[bool, typer.Option(help="Protect the table from deletion, as in production.")] = True,
) -> None:
    """Restore a table that was deleted, under its name, with its stream, expiry and backups; or make a deleted queue again.

    A queue comes back empty, with its dead-letter queue if that is missing, too. May be repeated. docs/operations.md, "A deleted
    table, queue or key", has the steps before and after.

    Example: outreach-admin restore-deleted SendQueue
    """
    if what in deleted_queues.NAMES:
        context.obj.one(deleted_queues.restore(what, context.find_root().params["stack"]))
        return
    name = _name_of(what, _ALL_TABLES, (*_ALL_TABLES, *deleted_queues.NAMES), "TABLE|QUEUE")
    restored = deleted_tables.restore(what, name, protect=protect)
    context.obj.one({"table": name, **{key: value and str(value) for key, value in restored.items()}})


def _name_of(table: str, known: Sequence[str], accepted: Sequence[str] = (), hint: str = "TABLE") -> str:
    if table not in known:
        raise typer.BadParameter(f"must be one of {', '.join(accepted or known)}", param_hint=hint)
    return str(getattr(settings(), f"{table}_table"))


def empty_buckets(
    context: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    dry_run: DryRun = False,
) -> None:
    """Delete all objects of the stack's buckets: audiences, imports and exports. Then `sam delete` can delete the buckets.

    Only for a stack that is to be deleted: a campaign that is being sent loses its audience.

    Example: outreach-admin empty-buckets
    """
    if dry_run:
        context.obj.many([{"bucket": name, "found": buckets.count(name)} for name in buckets.names()])
        return
    if not yes:
        typer.confirm(f"Delete all objects in {' and '.join(buckets.names())}?", abort=True)
    context.obj.many([{"bucket": name, "deleted": buckets.empty(name)} for name in buckets.names()])
