"""The command that imports a file of contacts through the API."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from outreach.imports.import_options import DuplicateOption
from outreach_admin import contact_import
from outreach_admin.progress import ProgressDisplay

# What the import command prints elsewhere, or not at all.
_NOT_SHOWN = ("uploadUrl", "warnings")

# The arguments and options of `import`.
_File = Annotated[
    Path,
    typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="CSV or XLSX file with the columns of the import template."),
]
_ApiUrl = Annotated[str, typer.Option(envvar="OUTREACH_API_URL", help="Base URL of the API.")]
_ApiKey = Annotated[
    str,
    typer.Option(envvar="OUTREACH_API_KEY", help="API key. Prefer the variable, so that the key stays out of the shell history."),
]
_Duplicates = Annotated[DuplicateOption, typer.Option(help="What to do with rows whose contact already exists.")]
_Mapping = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="HEADING=FIELD", help="The field that a column holds; HEADING= ignores it. Repeatable."),
]
_Encoding = Annotated[str, typer.Option(help="Encoding of a CSV file, such as windows-1251; detected by default.")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what the import would do; change nothing.")]
_FailedRows = Annotated[
    Path | None, typer.Option(help="File for the rows that fail; FILE with .failed.csv at its end by default.")
]


def import_file(
    context: typer.Context,
    file: _File,
    api_url: _ApiUrl,
    api_key: _ApiKey,
    duplicates: _Duplicates = DuplicateOption.MERGE,
    mapping: _Mapping = None,
    encoding: _Encoding = "",
    dry_run: _DryRun = False,
    failed_rows: _FailedRows = None,
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


def _print_warnings(console: Console, record: dict[str, Any]) -> None:
    warnings = record.get("warnings", [])
    for warning in warnings:
        console.print(f"Row {warning['row']}, {warning['column'] or 'file'}: {warning['message']}", markup=False)
    if hidden := record.get("warningCount", 0) - len(warnings):
        console.print(f"{hidden} more warnings are not shown.")
