"""Measures the evaluation of a filter, and the import and the export of contacts."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterator

import orjson

from benchmarks import file_reading
from benchmarks.environment import SimulatedSystem, new_system, typical_contact
from benchmarks.figures import Figure
from benchmarks.local_aws.capacity import write_units
from outreach.contacts import field_store
from outreach.contacts.contact_documents import item_of
from outreach.contacts.filters import compiler
from outreach.contacts.filters.conditions import Predicate
from outreach.contacts.filters.models import Condition, Filter, Match, Operator
from outreach.exports import csv_export
from outreach.imports.import_objects import upload_key
from outreach.settings import settings
from tests.support.functions import call, invoke
from tests.support.pipeline import SITE

ROWS = 2_000
QUICK_ROWS = 200
_ROUNDS = 5
# The time-out of the function that writes exports, which has a whole processor.
_EXPORT_SECONDS = 900

# Every contact passes the first four conditions; one in five passes the last.
_CONDITIONS = (
    Condition("name", Operator.CONTAINS, "person"),
    Condition("countryOrRegion", Operator.IS, "country"),
    Condition("email", Operator.CONTAINS, "@mail.example"),
    Condition("createTime", Operator.AFTER, "2020-01-01"),
    Condition("city", Operator.IS, "Oslo"),
)


def measure(*, quick: bool = False) -> list[Figure]:
    """Measure the filter, the import and the export."""
    rows = QUICK_ROWS if quick else ROWS
    with new_system() as system:
        figures = [*_evaluation(predicate()), _repetition(), *_import(system, rows)]
    return [*figures, *_export(10 * rows), *_splitting(10 * rows, 50 * rows), *file_reading.measure(50 * rows)]


def predicate() -> Predicate:
    """The five conditions, compiled."""
    return compiler.compile_filter(Filter(conditions=_CONDITIONS), field_store.load(SITE))


def _evaluation(test: Predicate) -> Iterator[Figure]:
    """Compare decoding and filtering contacts with decoding alone."""
    documents = [_stored(number)["document"] for number in range(5_000)]

    def decode() -> None:
        for document in documents:
            orjson.loads(document)

    def evaluate() -> None:
        for document in documents:
            test(orjson.loads(document))

    decoding, evaluating = _least_seconds(decode), _least_seconds(evaluate)
    yield Figure(
        "filter",
        "time to decode and evaluate five conditions, relative to decoding alone",
        evaluating / decoding,
        "×",
        at_most=2.5,
    )
    yield Figure("filter", "contacts decoded and evaluated per second", len(documents) / evaluating, "contacts", at_least=100_000)


def _repetition() -> Figure:
    """Compare an expression that names each of 200 conditions four times with one that names each once. No condition is true."""
    conditions = tuple(Condition("name", Operator.CONTAINS, f"x{order}", order) for order in range(200))
    documents = [orjson.loads(_stored(number)["document"]) for number in range(200)]
    pairs = [(order, (order + distance) % 200) for distance in (1, 2) for order in range(200)]

    def seconds(expression: str) -> float:
        test = compiler.compile_filter(Filter(Match.EXPRESSION, expression, conditions), field_store.load(SITE))
        return _least_seconds(lambda: [test(document) for document in documents])

    once = seconds(" or ".join(map(str, range(200))))
    often = seconds(" or ".join(f"(not {first} and {second})" for first, second in pairs))
    return Figure("filter", "time of an expression that names its conditions four times, relative to once", often / once, "×")


def _import(system: SimulatedSystem, rows: int) -> Iterator[Figure]:
    """Import a file of new contacts, each with two identities."""
    event = _upload(system, rows)
    invoke("workers/split_import", event)
    with system.aws.measured() as usage, system.measure_cpu() as cpu_time:
        while (outcome := invoke("workers/import_rows", event)["outcome"]) == "running":
            pass
    if outcome != "completed":
        raise RuntimeError("the import failed")
    table = system.aws.dynamodb.tables[settings().contacts_table]
    stored = [table.get(key) or {} for key in list(table.items)]
    minimum = sum(
        write_units(None, item, table.indexes, transactional=True)
        for item in stored
        if "order_pk" in item or "identity_id" in item
    )
    yield Figure("import", "write units per row", usage.write_units.total() / rows, "units")
    yield Figure("import", "write units, relative to the minimum", usage.write_units.total() / minimum, "×", at_most=1.3)
    yield Figure("import", "read units per row", usage.read_units.total() / rows, "units")
    yield Figure("import", "CPU time per row", cpu_time.seconds / rows * 1000, "ms")
    yield Figure("import", "rows imported per second of CPU", rows / cpu_time.seconds, "rows")


def _export(contacts: int) -> Iterator[Figure]:
    """Export all contacts of a site."""
    with new_system() as system:
        system.add_contacts(contacts)
        csv_export.request(SITE, "export", [], Filter(), "UTC")
        with system.aws.measured() as usage, system.measure_cpu() as cpu_time:
            if csv_export.write(SITE, "export") != contacts:
                raise RuntimeError("the export is not complete")
    seconds = cpu_time.seconds / contacts
    yield Figure("export", "CPU time per contact", seconds * 1e6, "µs")
    yield Figure("export", "CPU time of 10 million contacts", seconds * 10_000_000, "s", at_most=_EXPORT_SECONDS)
    yield Figure("export", "read units of 10 million contacts", usage.read_units.total() / contacts * 10_000_000, "units")


def _splitting(few: int, many: int) -> Iterator[Figure]:
    small, large = _memory_of_splitting(few), _memory_of_splitting(many)
    yield Figure("import", f"peak memory to split {many:,} rows", large, "MB")
    yield Figure("import", f"peak memory, relative to {few:,} rows", large / small, "×", at_most=1.1)


def _memory_of_splitting(rows: int) -> float:
    """Peak memory in MB of splitting a file into chunks."""
    with new_system() as system:
        invoke("workers/split_import", _upload(system, 10))
        event = _upload(system, rows)
        system.aws.discarded_prefix = "imports/"
        tracemalloc.start()
        invoke("workers/split_import", event)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return peak / 1e6


def _upload(system: SimulatedSystem, rows: int) -> dict[str, str]:
    """Upload a file as a client does; returns the event for the functions that import it."""
    content = "name,email,SMS,company,city\n" + "".join(_row(number) for number in range(rows))
    answer = call(
        "contacts/import_contacts", "POST", "/contact/contacts:import", {"fileName": "people.csv", "size": len(content)}
    )
    import_id = answer.body["id"]
    system.aws.objects[f"{settings().files_bucket}/{upload_key(SITE, import_id)}"] = content.encode()
    return {"site_id": SITE, "import_id": import_id}


def _row(number: int) -> str:
    return f"Person {number},person.{number}@mail.example,+1212{2_000_000 + number},Company {number},Oslo\n"


def _stored(number: int) -> dict[str, str]:
    return item_of(typical_contact(number), settings().contact_shards)


def _least_seconds(work: Callable[[], object]) -> float:
    """The least CPU time of several runs, because interference only adds time."""
    times = []
    for _ in range(_ROUNDS):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times)
