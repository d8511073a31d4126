"""Measures reading import files, beside pandas reading the same files. Each reading is a process of its own: ``python -m
benchmarks.file_reading READER FILE`` prints the rows, the CPU seconds and the peak memory in MB."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import openpyxl

from benchmarks.figures import Figure

_HEADER = ("name", "email", "SMS", "company", "city")


def measure(rows: int) -> Iterator[Figure]:
    """Measure a CSV file and a workbook of so many rows."""
    with TemporaryDirectory() as folder:
        for path in (_write_csv(Path(folder), rows), _write_xlsx(Path(folder), rows)):
            for reader in READERS:
                read, seconds, megabytes = _run(reader, path)
                name = f"{path.suffix[1:].upper()} of {read:,} rows, {reader}"
                yield Figure("import", f"{name}: rows read per second of CPU", read / seconds, "rows")
                yield Figure("import", f"{name}: peak memory", megabytes, "MB", at_most=128 if reader == "Outreach" else None)


def _run(reader: str, path: Path) -> tuple[int, float, float]:
    command = [sys.executable, "-m", "benchmarks.file_reading", reader, str(path)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rows, seconds, megabytes = json.loads(output)
    return rows, seconds, megabytes


def _row(number: int) -> tuple[Any, ...]:
    return (f"Person {number}", f"person.{number}@mail.example", 12_120_000_000 + number, f"Company {number}", "Oslo")


def _write_csv(folder: Path, rows: int) -> Path:
    path = folder / "people.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([_HEADER, *map(_row, range(rows))])
    return path


def _write_xlsx(folder: Path, rows: int) -> Path:
    path = folder / "people.xlsx"
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in (_HEADER, *map(_row, range(rows))):
        sheet.append(row)
    book.save(path)
    return path


def _read(path: Path) -> int:
    from outreach.imports import file_reader
    from outreach.imports.import_warnings import Warnings

    with path.open("rb") as file:
        return sum(1 for _ in file_reader.open_file(file, Warnings()).rows) - 1


def _read_with_pandas(path: Path) -> int:
    import pandas

    return len(
        pandas.read_csv(path, dtype=str) if path.suffix == ".csv" else pandas.read_excel(path, dtype=str, engine="openpyxl")
    )


READERS: dict[str, Callable[[Path], int]] = {"Outreach": _read, "pandas": _read_with_pandas}


def main() -> None:
    reader, path = sys.argv[1:]
    started = time.process_time()
    rows = READERS[reader](Path(path))
    seconds = time.process_time() - started
    sys.stdout.write(json.dumps([rows, seconds, _peak_megabytes()]))


def _peak_megabytes() -> float:
    """The peak memory of this process. ``getrusage`` would also count that of the process which started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1000


if __name__ == "__main__":
    main()
