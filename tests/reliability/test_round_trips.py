"""Exports and templates survive other programs, and what these save is imported with the same values."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from pathlib import Path

import pandas
import pytest

from outreach.exports import xlsx_template
from outreach.imports import cells, file_reader
from outreach.imports.import_warnings import Warnings

pytestmark = pytest.mark.reliability

SOFFICE = shutil.which("soffice") or shutil.which("libreoffice")
HEADINGS = ["name", "email", "SMS", "postalOrZipCode", '=HYPERLINK("http://x.example","y")', "-first"]
ROWS = [
    ["Zoë", "zoe@example.com", "+12125550123", "02134", "=1+1", "-"],
    ["张伟", "wei@example.com", "+8613800138000", "100000", "'=kept", "two\nlines"],
    ['a;b, "c"', "a@example.com", "", "1234567890123456", "@x", "1E5"],
]


def read(path: Path) -> list[list[str]]:
    """The rows of a file, without the protection against formulas and without blank ends."""
    with path.open("rb") as file:
        rows = [list(map(cells.unguard, row)) for row in file_reader.open_file(file, Warnings()).rows]
    return [row + [""] * (len(HEADINGS) - len(row)) for row in rows if any(row)]


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """A file as an export writes it."""
    text = io.StringIO()
    csv.writer(text).writerows([map(cells.guard, row) for row in (HEADINGS, *ROWS)])
    path = tmp_path / "contacts.csv"
    path.write_bytes(text.getvalue().encode("utf-8-sig"))
    return path


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "template.xlsx"
    path.write_bytes(xlsx_template.make_workbook(HEADINGS))
    return path


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_pandas_keeps_an_export(exported: Path, suffix: str) -> None:
    table = pandas.read_csv(exported, dtype=str, keep_default_na=False)
    saved = exported.with_name(f"saved.{suffix}")
    table.to_csv(saved, index=False) if suffix == "csv" else table.to_excel(saved, index=False)
    assert read(saved) == [HEADINGS, *ROWS]


def test_pandas_reads_the_headings_of_the_template(template: Path) -> None:
    assert list(map(cells.unguard, pandas.read_excel(template, dtype=str).columns)) == HEADINGS


def convert(path: Path, to: str) -> Path:
    """Convert a file with LibreOffice, every column as text."""
    folder = path.parent / "converted"
    # Comma, double quotation mark, UTF-8, from the first line on, all columns as text (LibreOffice, filter options of CSV).
    columns = "/".join(f"{number}/2" for number in range(1, len(HEADINGS) + 1))
    command = [str(SOFFICE), f"-env:UserInstallation=file://{path.parent}/profile", "--headless"]
    command += [f"--infilter=CSV:44,34,76,1,{columns}"] if path.suffix == ".csv" else []
    command += ["--convert-to", to, "--outdir", str(folder), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)  # noqa: S603 - a program of the machine
    return folder / f"{path.stem}.{to.partition(':')[0]}"


@pytest.mark.skipif(SOFFICE is None, reason="LibreOffice (Debian: libreoffice-calc-nogui) is not installed")
def test_libreoffice_keeps_an_export(exported: Path) -> None:
    assert read(convert(exported, "xlsx")) == [HEADINGS, *ROWS]


@pytest.mark.skipif(SOFFICE is None, reason="LibreOffice (Debian: libreoffice-calc-nogui) is not installed")
def test_libreoffice_keeps_the_headings_of_the_template(template: Path) -> None:
    assert read(convert(template, "xlsx")) == [HEADINGS]
    assert read(convert(template, "csv")) == [HEADINGS]
