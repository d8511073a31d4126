"""Commands for whoever operates the stack: opt-outs, dead letters, sends, and what a site or a person has left behind."""

from __future__ import annotations

import json
import sys
import time
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from outreach.campaigns import records
from outreach.campaigns.ledger import Counts
from outreach.campaigns.records import Record
from outreach.contacts import optouts
from outreach.contacts.files.records import Duplicates
from outreach.errors import NotFound
from outreach_admin import erasing, exporting, importing, redriving, restoring
from outreach_admin.options import Command, Number, Person, SiteCommand, SiteId, StackCommand
from outreach_admin.progress import Display

opt_out = typer.Typer(no_args_is_help=True, help="Numbers that a site must not write to.")
campaign = typer.Typer(no_args_is_help=True, help="Campaigns that are being sent.")

_STATUSES = ("queued", "sending", "sent", "delivered", "undelivered", "failed", "skipped")


def add_to(app: typer.Typer) -> None:
    """Make these commands part of the command line."""
    app.add_typer(opt_out, name="optout")
    app.add_typer(campaign, name="campaign")
    app.command("redrive", cls=StackCommand)(redrive)
    app.command("erase", cls=SiteCommand)(erase)
    app.command("export-site", cls=SiteCommand)(export_site)
    app.command("restore", cls=StackCommand)(restore)
    app.command("import", cls=Command)(import_file)


@opt_out.command("list", cls=SiteCommand)
def list_opt_outs(context: typer.Context, site_id: SiteId) -> None:
    """List the numbers that have unsubscribed, since when, and from what we know it. Reads the whole table.

    Example: outreach-admin optout list 10000
    """
    context.obj.many(list(optouts.listed(site_id)))


@opt_out.command("add", cls=SiteCommand)
def add_opt_out(context: typer.Context, site_id: SiteId, number: Number) -> None:
    """Write to a number no more, campaigns that are being sent included.

    Example: outreach-admin optout add 10000 +12125551234
    """
    optouts.add(site_id, number, "outreach-admin")
    context.obj.one({"number": number, "opted_out": bool(optouts.opted_out(site_id, [number]))})


@opt_out.command("remove", cls=SiteCommand)
def remove_opt_out(context: typer.Context, site_id: SiteId, number: Number) -> None:
    """Note that a number wants to be written to again. Its owner must have said so.

    Example: outreach-admin optout remove 10000 +12125551234
    """
    optouts.remove(site_id, number, "outreach-admin")
    context.obj.one({"number": number, "opted_out": bool(optouts.opted_out(site_id, [number]))})


def redrive(
    context: typer.Context,
    queue: Annotated[str, typer.Argument(metavar="QUEUE", help=f"One of {', '.join(redriving.QUEUES)}.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
) -> None:
    """Bring a queue's dead letters back to it, when their cause is mended.

    Example: outreach-admin redrive SendQueue
    """
    if queue not in redriving.QUEUES:
        raise typer.BadParameter(f"known are {', '.join(redriving.QUEUES)}", param_hint="QUEUE")
    found = redriving.count(queue)
    context.obj.one({"queue": queue, "found": found, "moved": 0 if dry_run else redriving.redrive(queue)})


def erase(
    context: typer.Context,
    site_id: SiteId,
    person: Person,
    opt_out_too: Annotated[
        bool, typer.Option("--opt-out-too", help="Also forget an opt-out: whoever imports the number again may write to it.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """Erase a person: the contact, and the numbers and words of all messages, in tickets too.

    Messages stay as what they count for. Files that were imported are kept for 30 days, backups of tables for 35, and answers to
    requests with an Idempotency-Key until they expire; the carrier has records of its own.

    Example: outreach-admin erase 10000 +12125551234 --yes
    """
    if not yes:
        typer.confirm(f"Erase {person} from site {site_id}? This can't be undone.", abort=True)
    erased = asdict(erasing.erase(site_id, person, opt_out=opt_out_too))
    context.obj.one(erased)
    if not any(erased.values()):
        # No failure: a repeated command finds nothing either.
        Console(stderr=True).print("There was nothing of this person.")


def export_site(
    context: typer.Context,
    site_id: SiteId,
    to: Annotated[Path | None, typer.Option(help="A file; standard output by default.")] = None,
) -> None:
    """Write everything that the tables have of a site, one JSON object a line. Secrets are not among it, nor files in S3.

    Example: outreach-admin export-site 10000 --to site.ndjson
    """
    number = 0
    with to.open("w", encoding="utf-8") if to else nullcontext(sys.stdout) as target:
        for item in exporting.items(site_id):
            number += 1
            print(json.dumps(item, ensure_ascii=False), file=target)
    if to:
        context.obj.one({"file": str(to), "items": number})


def restore(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A table that was restored from a backup.")],
    target: Annotated[str, typer.Argument(metavar="TARGET", help="The stack's table that it was restored from.")],
    site_id: Annotated[str | None, typer.Option("--site", help="Copy this site's items only.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace items that are there, too.")] = False,
) -> None:
    """Copy what a restored table has back into the stack's table (docs/operations.md, Restoring data).

    Example: outreach-admin restore outreach-ContactsTable-1X-restored outreach-ContactsTable-1X --site 10000
    """
    copied, kept = restoring.copy(source, target, site_id, overwrite=overwrite)
    context.obj.one({"copied": copied, "kept": kept})


@campaign.command("watch", cls=SiteCommand)
def watch(
    context: typer.Context,
    site_id: SiteId,
    name: Annotated[str, typer.Argument(metavar="ID", help="Of a campaign, whose newest send is watched, or of a record.")],
    every: Annotated[float, typer.Option(min=0.01, help="Seconds between two looks.")] = 2,
) -> None:
    """Show how a send gets on until it is over, and then its counts.

    Example: outreach-admin campaign watch 10000 5c3c1a5e-…
    """
    record = _record(site_id, name)
    with Display(Console(stderr=True), "contacts", record.audience) as display:
        while True:
            record = records.get(site_id, record.id)
            counts = records.counts(record)
            undone = counts.queued + counts.sending if counts else 0
            display.show((record.audience or 0) - undone, record.audience, _line(record, counts))
            if record.is_over and not undone:
                break
            time.sleep(every)
    context.obj.one({"record": record.id, "status": str(record.status), **(asdict(counts) if counts else {})})


def _record(site_id: str, name: str) -> Record:
    try:
        return records.get(site_id, name)
    except NotFound:
        found = records.list_of_campaign(site_id, name, newest_first=True)
        if not found:
            raise NotFound("There is no such record, and no campaign with a send.") from None
        return found[0]


def _line(record: Record, counts: Counts | None) -> str:
    numbers = {status: getattr(counts, status) for status in _STATUSES} if counts else {}
    return ", ".join([str(record.status), *(f"{number} {status}" for status, number in numbers.items() if number)])


def import_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV or XLSX, as the template of imports has it.")],
    api_url: Annotated[str, typer.Option(envvar="OUTREACH_API_URL", help="Where the API is.")],
    api_key: Annotated[str, typer.Option(envvar="OUTREACH_API_KEY", help="Better given as a variable than typed.")],
    duplicates: Annotated[Duplicates, typer.Option(help="What becomes of contacts that are known already.")] = Duplicates.MERGE,
) -> None:
    """Import a file of contacts through the API, and show how it gets on. Ends with 1 when the import or any row failed.

    Example: OUTREACH_API_KEY=… outreach-admin import contacts.csv --api-url https://….amazonaws.com/v1
    """
    record: dict[str, Any] = {}
    with Display(Console(stderr=True), "rows", None) as display:
        for record in importing.run(api_url.rstrip("/"), api_key, file, duplicates):
            display.show(record["processedRows"], record["totalRows"], record["status"])
    context.obj.one({name: value for name, value in record.items() if name != "uploadUrl"})
    if record["status"] != "completed" or record["failedCount"]:
        raise typer.Exit(1)
