"""Commands for operators: opt-outs, dead letters, campaign progress, erasure, export, restore and import."""

from __future__ import annotations

import json
import sys
import time
from contextlib import nullcontext
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from outreach.campaigns import campaign_records
from outreach.campaigns.campaign_records import CampaignRecord
from outreach.campaigns.ledger import Counts
from outreach.consent import opt_outs
from outreach.consent.opt_outs import Source
from outreach.errors import NotFound
from outreach.imports.import_options import DuplicateOption
from outreach.settings import settings
from outreach.sites import site_store
from outreach_admin import (
    buckets,
    contact_import,
    dead_letters,
    erasure,
    opt_out_import,
    restore_drill,
    site_export,
    table_restore,
)
from outreach_admin.options import Command, DryRun, Number, Person, SiteCommand, SiteId, StackCommand, text_option
from outreach_admin.progress import ProgressDisplay

opt_out = typer.Typer(no_args_is_help=True, help="Manage opt-outs: the numbers that a site must not send messages to.")
campaign = typer.Typer(no_args_is_help=True, help="Observe campaigns that are being sent.")

Reason = Annotated[str | None, typer.Option(callback=text_option, help="Why, for the history of the number.")]

# Numbers that a dry run shows, without their first digits: its output may be kept, as in the log of a pipeline.
_EXAMPLES = 5

_STATUSES = ("queued", "sending", "sent", "delivered", "undelivered", "failed", "skipped")


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(opt_out, name="optout")
    app.add_typer(campaign, name="campaign")
    app.command("redrive", cls=StackCommand)(redrive)
    app.command("erase", cls=SiteCommand)(erase)
    app.command("export-site", cls=SiteCommand)(export_site)
    app.command("restore", cls=StackCommand)(restore)
    app.command("restore-drill", cls=StackCommand)(drill)
    app.command("import", cls=Command)(import_file)
    app.command("empty-buckets", cls=StackCommand)(empty_buckets)


@opt_out.command("list", cls=SiteCommand)
def list_opt_outs(context: typer.Context, site_id: SiteId) -> None:
    """List the numbers that opted out, since when, and how that became known.

    Example: outreach-admin optout list 10000
    """
    opted_out = sorted(opt_outs.list_opt_outs(site_id), key=lambda opt_out: (opt_out.since, opt_out.number))
    context.obj.many([{name: getattr(entry, name) for name in ("number", "since", "source")} for entry in opted_out])


@opt_out.command("add", cls=SiteCommand)
def add_opt_out(context: typer.Context, site_id: SiteId, number: Number, reason: Reason = None) -> None:
    """Opt a number out. Campaigns that are being sent also skip it.

    Example: outreach-admin optout add 10000 +12125551234
    """
    opt_outs.add(site_id, number, Source.OPERATOR, reason=reason)
    context.obj.one({"number": number, "opted_out": bool(opt_outs.opted_out_among(site_id, [number]))})


@opt_out.command("remove", cls=SiteCommand)
def remove_opt_out(context: typer.Context, site_id: SiteId, number: Number, reason: Reason = None) -> None:
    """Opt a number in again. Only do this at the request of its owner.

    Example: outreach-admin optout remove 10000 +12125551234
    """
    opt_outs.remove(site_id, number, Source.OPERATOR, reason=reason)
    context.obj.one({"number": number, "opted_out": bool(opt_outs.opted_out_among(site_id, [number]))})


@opt_out.command("import", cls=SiteCommand)
def import_opt_outs(
    context: typer.Context,
    site_id: SiteId,
    file: Annotated[
        Path,
        typer.Argument(exists=True, dir_okay=False, help="CSV file with a column of numbers, or one number in each line; UTF-8."),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the file and count; opt nobody out.")] = False,
) -> None:
    """Opt all numbers of a file out, such as those of the system that a site comes from. Exits with 1 if a line has no number.

    A column is found by its heading, such as `number`, `phone` or `SMS`; without a heading the first one is read. Numbers
    without a country code are read in the site's region, and must be valid. Lines that cannot be read are printed, and the others
    imported all the same. May be repeated: numbers that are opted out already stay as they are.

    `--dry-run` counts in `would_add` the numbers that are not opted out yet, and shows the last digits of some.

    Example: outreach-admin optout import 10000 unsubscribed.csv --dry-run
    """
    read = opt_out_import.read(file, site_store.get_site(site_id).default_region)
    console = Console(stderr=True)
    for problem in read.problems:
        console.print(f"Line {problem['line']}: {problem['problem']}", highlight=False)
    if dry_run:
        new = opt_out_import.new_numbers(site_id, read.numbers)
        effect: dict[str, Any] = {"would_add": len(new), "examples": [f"…{number[-4:]}" for number in new[:_EXAMPLES]]}
    else:
        effect = {"added": _opt_out(site_id, read.numbers, f"imported from {file.name}", console)}
    counts = {"numbers": len(read.numbers), **effect, "repeated": read.repeated, "wrong_lines": len(read.problems)}
    context.obj.one(counts | {"problems": read.problems})
    if read.problems:
        raise typer.Exit(1)


def _opt_out(site_id: str, numbers: list[str], reason: str, console: Console) -> int:
    added = 0
    with ProgressDisplay(console, "numbers", len(numbers)) as display:
        for done, newly in opt_out_import.store(site_id, numbers, reason):
            added += newly
            display.show(done, len(numbers))
    return added


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
    if table not in site_export.TABLES:
        raise typer.BadParameter(f"must be one of {', '.join(site_export.TABLES)}", param_hint="TABLE")
    name = getattr(settings(), f"{table}_table")
    functions = restore_drill.writers(context.find_root().params["stack"], name)
    result = restore_drill.run(name, at and at.replace(tzinfo=UTC), keep=keep)
    found = {"table": name, "copy": result.copy if keep else None, "seconds": result.seconds, **asdict(result.differences)}
    context.obj.one(found | {"functions_to_stop": functions})


@campaign.command("watch", cls=SiteCommand)
def watch(
    context: typer.Context,
    site_id: SiteId,
    record_or_campaign_id: Annotated[
        str, typer.Argument(metavar="ID", help="Id of a campaign record, or of a campaign for its newest record.")
    ],
    every: Annotated[float, typer.Option(min=0.01, help="Seconds between updates.")] = 2,
) -> None:
    """Show the progress of a send until it ends, then its final counts.

    Example: outreach-admin campaign watch 10000 5c3c1a5e-…
    """
    record = _record(site_id, record_or_campaign_id)
    with ProgressDisplay(Console(stderr=True), "contacts", record.audience) as display:
        while True:
            record = campaign_records.get(site_id, record.id)
            counts = campaign_records.counts(record)
            remaining = counts.queued + counts.sending if counts else 0
            display.show((record.audience or 0) - remaining, record.audience, _progress_text(record, counts))
            if record.is_over and not remaining:
                break
            time.sleep(every)
    context.obj.one({"record": record.id, "status": str(record.status), **(asdict(counts) if counts else {})})


def _record(site_id: str, record_or_campaign_id: str) -> CampaignRecord:
    try:
        return campaign_records.get(site_id, record_or_campaign_id)
    except NotFound:
        newest = campaign_records.newest(site_id, record_or_campaign_id)
        if newest is None:
            raise NotFound("No campaign record has this id, and no campaign with this id has been sent.") from None
        return newest


def _progress_text(record: CampaignRecord, counts: Counts | None) -> str:
    by_status = {status: getattr(counts, status) for status in _STATUSES} if counts else {}
    return ", ".join([str(record.status), *(f"{count} {status}" for status, count in by_status.items() if count)])


def import_file(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="CSV or XLSX file with the columns of the import template.")
    ],
    api_url: Annotated[str, typer.Option(envvar="OUTREACH_API_URL", help="Base URL of the API.")],
    api_key: Annotated[
        str,
        typer.Option(
            envvar="OUTREACH_API_KEY", help="API key. Prefer the variable, so that the key stays out of the shell history."
        ),
    ],
    duplicates: Annotated[
        DuplicateOption, typer.Option(help="What to do with rows whose contact already exists.")
    ] = DuplicateOption.MERGE,
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="HEADING=FIELD", help="The field that a column holds; HEADING= ignores it. Repeatable."),
    ] = None,
    encoding: Annotated[str, typer.Option(help="Encoding of a CSV file, such as windows-1251; detected by default.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what the import would do; change nothing.")] = False,
    failed_rows: Annotated[
        Path | None, typer.Option(help="File for the rows that fail; FILE with .failed.csv at its end by default.")
    ] = None,
) -> None:
    """Import a file of contacts through the API and show progress and warnings. Exits with 1 if the import or any row failed.

    Rows that fail are written to a file, with what is wrong in its last column. Mend them and import that file.

    Example: OUTREACH_API_KEY=… outreach-admin import contacts.csv --api-url https://….amazonaws.com/v1 --map "Mobile Phone=SMS"
    """
    try:
        columns = contact_import.parse_mapping(mapping or [])
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--map") from error
    options = {"duplicateControlOption": duplicates, "columns": columns, "encoding": encoding or None, "dryRun": dry_run}
    client = contact_import.ContactImport(api_url.rstrip("/"), api_key)
    console, record = Console(stderr=True), dict[str, Any]()
    with ProgressDisplay(console, "rows", None) as display:
        for record in client.run(file, options):
            display.show(record["processedRows"], record["totalRows"], record["status"])
    _print_warnings(console, record)
    context.obj.one({name: value for name, value in record.items() if name not in _NOT_SHOWN})
    if record["failedCount"]:
        target = failed_rows or file.with_name(f"{file.name}.failed.csv")
        client.save_failed_rows(record["id"], target)
        console.print(f"The failed rows are in {target}.", markup=False)
    if record["status"] != "completed" or record["failedCount"]:
        raise typer.Exit(1)


# What the import command prints elsewhere, or not at all.
_NOT_SHOWN = ("uploadUrl", "warnings")


def _print_warnings(console: Console, record: dict[str, Any]) -> None:
    warnings = record.get("warnings", [])
    for warning in warnings:
        console.print(f"Row {warning['row']}, {warning['column'] or 'file'}: {warning['message']}", markup=False)
    if hidden := record.get("warningCount", 0) - len(warnings):
        console.print(f"{hidden} more warnings are not shown.")


def empty_buckets(
    context: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
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
