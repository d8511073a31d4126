"""Commands for the opt-outs of a site."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from outreach.consent import opt_outs
from outreach.consent.opt_outs import Source
from outreach.sites import site_store
from outreach_admin import opt_out_import
from outreach_admin.options import Number, SiteCommand, SiteId, text_option
from outreach_admin.progress import ProgressDisplay

opt_out = typer.Typer(no_args_is_help=True, help="Manage opt-outs: the numbers that a site must not send messages to.")

Reason = Annotated[str | None, typer.Option(callback=text_option, help="Why, for the history of the number.")]

# Numbers that a dry run shows, without their first digits: its output may be kept, as in the log of a pipeline.
_EXAMPLES = 5


@opt_out.command("list", cls=SiteCommand)
def list_opt_outs(context: typer.Context, site_id: SiteId) -> None:
    """List the numbers that opted out, since when, and how that became known.

    Example: outreach-admin optout list 10000
    """
    opted_out = sorted(opt_outs.list_opt_outs(site_id), key=lambda opt_out: (opt_out.since, opt_out.number))
    context.obj.many([{"number": entry.number, "since": entry.since, "source": entry.source} for entry in opted_out])


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
        typer.Argument(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="CSV file with a column of numbers, or one number in each line; UTF-8.",
        ),
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
