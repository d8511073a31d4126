"""What grows with the number of contacts, and what doesn't: a campaign, a scan, and pages of the list, at each size."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.campaign import FREEZE, STAGES, Campaign, cpu
from benchmarks.contacts import predicate
from benchmarks.figures import Figure
from benchmarks.world import World, world
from outreach.campaigns import records
from outreach.contacts import search
from outreach.contacts.search import Sort
from outreach.settings import settings
from tests.support.pipeline import SITE

SIZES = (1_000, 10_000, 100_000, 1_000_000)
QUICK_SIZES = (200, 1_000)
# Up to here campaigns are sent, too; beyond it the stand-in's scans take minutes, and say nothing new.
LARGEST_CAMPAIGN = 100_000
# What disturbs a measurement only adds to it, so the least of some counts.
_ROUNDS = 3
# How many messages go the whole way: the last ones of the audience, where everything that grows has grown.
MESSAGES = 200
# Beyond what a campaign of the smallest size takes a message.
_GROWTH = 1.05
# How much the last page of a list may cost beside the first.
_LAST_PAGE = 20.0
# From here on a shard's pages are full.
_FULL_PAGES = 100_000


def measure(*, quick: bool = False) -> list[Figure]:
    """One site that grows."""
    found: list[Figure] = []
    smallest: tuple[float, float] | None = None
    with world() as built:
        for size in QUICK_SIZES if quick else SIZES:
            built.add_contacts(size - built.contacts)
            if size <= LARGEST_CAMPAIGN:
                measured = _least_campaign(built)
                smallest = smallest or measured
                found += _campaign_figures(size, measured, smallest)
            found += [*_scan(built), *_lists(built)]
    return found


def _campaign_figures(size: int, measured: tuple[float, float], smallest: tuple[float, float]) -> Iterator[Figure]:
    group = f"campaign to {size:,}"
    yield Figure(group, "AWS calls a message", measured[0], "calls", at_most=round(smallest[0] * _GROWTH, 3))
    yield Figure(group, "CPU a message, by the smallest campaign's", measured[1] / smallest[1], "×", at_most=_GROWTH)


def _least_campaign(built: World) -> tuple[float, float]:
    """AWS calls and CPU seconds a message, after what is made and imported at the first call, which is no growth."""
    _, *measured = [_campaign(built) for _ in range(1 + _ROUNDS)]
    calls, seconds = zip(*measured, strict=True)
    return max(calls), min(seconds)


def _campaign(built: World) -> tuple[float, float]:
    """AWS calls and CPU seconds a message: finding the whole audience, and the way of its last messages."""
    sent = Campaign.start(built)
    sent.freeze()
    records.move_cursor(records.get(SITE, sent.record_id), built.contacts - MESSAGES)
    sent.release_page()
    for second in sent.due():
        sent.deliver(second)
    freeze = sent.stages[FREEZE]
    rest = [sent.stages[name] for name in STAGES if name != FREEZE]
    calls = freeze.usage.calls.total() / built.contacts + sum(stage.usage.calls.total() for stage in rest) / MESSAGES
    return calls, freeze.cpu_seconds / built.contacts + sum(stage.cpu_seconds for stage in rest) / MESSAGES


def _scan(built: World) -> Iterator[Figure]:
    """All contacts of the site, from the table on."""
    test = predicate()
    with built.aws.measured() as usage, cpu(built, usage) as took:
        found = sum(1 for _ in search.matching_ids(SITE, range(settings().contact_shards), test))
    if found != built.contacts // 5:
        raise RuntimeError("the filter has found others than it should")
    table = built.aws.dynamodb.tables[settings().contacts_table]
    units = usage.read_units.total() / (table.bytes / 8192)
    group = f"scan of {built.contacts:,}"
    yield Figure(group, "read units, by 8 KB stored", units, "×", at_most=1.1 if built.contacts >= _FULL_PAGES else None)
    yield Figure(group, "contacts a second of CPU", built.contacts / took.seconds, "contacts")


def _lists(built: World) -> Iterator[Figure]:
    """The first page of the list, the hundredth, the middle and the last, of ten contacts each."""
    last = built.contacts // 10
    pages = {"first": 1, "100th": min(100, last), "middle": last // 2, "last": last}
    _page(built, 1)
    first_units, first_seconds = _page(built, 1)
    for name, page in pages.items():
        units, seconds = _page(built, page)
        group = f"list of {built.contacts:,}"
        yield Figure(
            group, f"{name} page: read units", units, "units", at_most=_LAST_PAGE * first_units if name == "last" else None
        )
        yield Figure(
            group,
            f"{name} page: CPU, by the first page's",
            seconds / first_seconds,
            "×",
            at_most=_LAST_PAGE if name == "last" else None,
        )


def _page(built: World, page: int) -> tuple[float, float]:
    """Read units and CPU seconds of a page of ten."""
    times = []
    for _ in range(3):
        with built.aws.measured() as usage, cpu(built, usage) as took:
            contacts, total = search.find(SITE, slice((page - 1) * 10, page * 10), Sort())
        if (len(contacts), total) != (10, built.contacts):
            raise RuntimeError("a page of the list is wrong")
        times.append(took.seconds)
    return usage.read_units.total(), min(times)
