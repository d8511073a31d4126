"""Measures the import of a file of opt-outs, and reading all opt-outs of a site."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from outreach_admin import opt_out_import

from benchmarks import prices
from benchmarks.environment import new_system, typical_contact
from benchmarks.figures import Figure
from outreach.contacts.contact_documents import document_of
from outreach.contacts.opt_out_status import OptedOutNumbers
from tests.support.pipeline import SITE

NUMBERS = 100_000
QUICK_NUMBERS = 2_000
_GROUP = "opt-outs"


def measure(*, quick: bool = False) -> list[Figure]:
    """Measure one file of numbers."""
    return list(_measure(QUICK_NUMBERS if quick else NUMBERS))


def _measure(count: int) -> Iterator[Figure]:
    with new_system() as system:
        started = time.process_time()
        numbers = _read(count)
        reading = time.process_time() - started
        with system.aws.measured() as usage, system.measure_cpu() as cpu:
            for _ in opt_out_import.store(SITE, numbers, "imported from numbers.csv"):
                pass
        units = usage.write_units.total() * prices.WRITE_UNIT + usage.read_units.total() * prices.READ_UNIT
        yield Figure(_GROUP, f"import of {count:,} numbers", units, "USD")
        yield Figure(_GROUP, "write units per number", usage.write_units.total() / count, "units", at_most=4)
        yield Figure(_GROUP, "read units per number", usage.read_units.total() / count, "units")
        yield Figure(_GROUP, "CPU time of the import", reading + cpu.seconds, "s")
        with system.aws.measured() as usage:
            started = time.process_time()
            is_opted_out = OptedOutNumbers(SITE).is_opted_out(document_of(typical_contact(0)))
            seconds = time.process_time() - started
        if not is_opted_out:
            raise RuntimeError("an imported number is not opted out")
        yield Figure(_GROUP, "reading all for one scan: read units", usage.read_units.total(), "units")
        yield Figure(_GROUP, "reading all for one scan: CPU time", seconds, "s")


def _read(count: int) -> list[str]:
    """Read a file of numbers, as the command does."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "numbers.csv"
        file.write_text("number\n" + "".join(f"+1212{2_000_000 + number}\n" for number in range(count)))
        return opt_out_import.read(file, "US").numbers
