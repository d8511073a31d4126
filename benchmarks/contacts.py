"""Contacts: evaluating a filter, and importing a file."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterator

import orjson

from benchmarks.campaign import cpu
from benchmarks.figures import Figure
from benchmarks.local_aws.capacity import write_units
from benchmarks.world import World, typical_contact, world
from outreach.contacts import filters, schema
from outreach.contacts.conditions import Condition, Operator, Predicate
from outreach.contacts.documents import item_of
from outreach.contacts.files.objects import upload_key
from outreach.contacts.filters import Filter
from outreach.settings import settings
from tests.support.functions import call, invoke
from tests.support.pipeline import SITE

ROWS = 2_000
QUICK_ROWS = 200
_ROUNDS = 5

# Five conditions that nearly every contact passes to the last, which one in five does.
_CONDITIONS = (
    Condition("name", Operator.CONTAINS, "person"),
    Condition("countryOrRegion", Operator.IS, "country"),
    Condition("email", Operator.CONTAINS, "@mail.example"),
    Condition("createTime", Operator.AFTER, "2020-01-01"),
    Condition("city", Operator.IS, "Oslo"),
)


def measure(*, quick: bool = False) -> list[Figure]:
    """Filter and import."""
    rows = QUICK_ROWS if quick else ROWS
    with world() as built:
        found = [*_evaluation(predicate()), *_import(built, rows)]
    return [*found, *_splitting(10 * rows, 50 * rows)]


def predicate() -> Predicate:
    """Five conditions, compiled."""
    return filters.compile(Filter(conditions=_CONDITIONS), schema.load(SITE))


def _evaluation(test: Predicate) -> Iterator[Figure]:
    """Decoding documents and deciding about them, against decoding them."""
    documents = [_stored(number)["document"] for number in range(5_000)]

    def decode() -> None:
        for document in documents:
            orjson.loads(document)

    def decide() -> None:
        for document in documents:
            test(orjson.loads(document))

    decoding, deciding = _least(decode), _least(decide)
    yield Figure("filter", "decoding and five conditions, by decoding alone", deciding / decoding, "×", at_most=2.5)
    yield Figure("filter", "contacts decoded and decided a second", len(documents) / deciding, "contacts", at_least=100_000)


def _import(built: World, rows: int) -> Iterator[Figure]:
    """A file of new contacts, each with two identities."""
    event = _upload(built, rows)
    invoke("workers/split_import", event)
    with built.aws.measured() as usage, cpu(built, usage) as took:
        while (outcome := invoke("workers/import_rows", event)["outcome"]) == "running":
            pass
    if outcome != "completed":
        raise RuntimeError("the import has failed")
    table = built.aws.dynamodb.tables[settings().contacts_table]
    stored = [table.get(key) or {} for key in list(table.items)]
    least = sum(
        write_units(None, item, table.indexes, transactional=True)
        for item in stored
        if "order_pk" in item or "identity_id" in item
    )
    yield Figure("import", "write units a row", usage.write_units.total() / rows, "units")
    yield Figure("import", "write units, by the least possible", usage.write_units.total() / least, "×", at_most=1.3)
    yield Figure("import", "read units a row", usage.read_units.total() / rows, "units")
    yield Figure("import", "CPU a row", took.seconds / rows * 1000, "ms")


def _splitting(few: int, many: int) -> Iterator[Figure]:
    small, large = _memory_of_splitting(few), _memory_of_splitting(many)
    yield Figure("import", f"peak memory of splitting {many:,} rows", large, "MB")
    yield Figure("import", f"peak memory, by that of {few:,} rows", large / small, "×", at_most=1.1)


def _memory_of_splitting(rows: int) -> float:
    """Peak megabytes of cutting a file into chunks."""
    with world() as built:
        invoke("workers/split_import", _upload(built, 10))
        event = _upload(built, rows)
        built.aws.forgets = "imports/"
        tracemalloc.start()
        invoke("workers/split_import", event)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return peak / 1e6


def _upload(built: World, rows: int) -> dict[str, str]:
    """Put a file in the bucket, as a client does; the event for the functions that import it."""
    content = "name,email,SMS,company,city\n" + "".join(_row(number) for number in range(rows))
    asked = call("contacts/import_contacts", "POST", "/contact/contacts:import", {"fileName": "people.csv", "size": len(content)})
    import_id = asked.body["id"]
    built.aws.objects[f"{settings().files_bucket}/{upload_key(SITE, import_id)}"] = content.encode()
    return {"site_id": SITE, "import_id": import_id}


def _row(number: int) -> str:
    return f"Person {number},person.{number}@mail.example,+1212{2_000_000 + number},Company {number},Oslo\n"


def _stored(number: int) -> dict[str, str]:
    return item_of(typical_contact(number), settings().contact_shards)


def _least(work: Callable[[], None]) -> float:
    """CPU seconds; what disturbs a measurement only adds to it."""
    times = []
    for _ in range(_ROUNDS):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times)
