"""Measures how a campaign, a scan and list pages grow with the number of contacts."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.campaign import FREEZE, STAGES, Campaign
from benchmarks.contacts import predicate
from benchmarks.environment import SimulatedSystem, new_system
from benchmarks.figures import Figure
from outreach.campaigns import campaign_records
from outreach.contacts.listing import search
from outreach.contacts.listing.search import Sort
from outreach.settings import settings
from tests.support.pipeline import SITE

SIZES = (1_000, 10_000, 100_000, 1_000_000)
QUICK_SIZES = (200, 1_000)
# The largest site that sends campaigns: with more contacts, scans of the simulated tables take minutes and show nothing new.
LARGEST_CAMPAIGN = 100_000
# The least of several measurements counts, because interference only adds time.
_ROUNDS = 3
# The number of messages that are sent: the last ones of the audience, where everything has its full size.
MESSAGES = 200
# The allowed ratio to the smallest campaign, per message.
_GROWTH = 1.05
# The allowed ratio of a list's last page to its first.
_LAST_PAGE = 20.0
# With this many contacts, the pages of a shard are full.
_FULL_PAGES = 100_000


def measure(*, quick: bool = False) -> list[Figure]:
    """Measure a growing site."""
    figures: list[Figure] = []
    smallest: tuple[float, float] | None = None
    with new_system() as system:
        for size in QUICK_SIZES if quick else SIZES:
            system.add_contacts(size - system.contacts)
            if size <= LARGEST_CAMPAIGN:
                measured = _least_campaign(system)
                smallest = smallest or measured
                figures += _campaign_figures(size, measured, smallest)
            figures += [*_scan(system), *_lists(system)]
    return figures


def _campaign_figures(size: int, measured: tuple[float, float], smallest: tuple[float, float]) -> Iterator[Figure]:
    group = f"campaign to {size:,}"
    yield Figure(group, "AWS calls per message", measured[0], "calls", at_most=round(smallest[0] * _GROWTH, 3))
    yield Figure(
        group, "CPU time per message, relative to the smallest campaign", measured[1] / smallest[1], "×", at_most=_GROWTH
    )


def _least_campaign(system: SimulatedSystem) -> tuple[float, float]:
    """AWS calls and CPU seconds per message, without the first campaign, which includes imports and new clients."""
    _, *measured = [_campaign(system) for _ in range(1 + _ROUNDS)]
    calls, seconds = zip(*measured, strict=True)
    return max(calls), min(seconds)


def _campaign(system: SimulatedSystem) -> tuple[float, float]:
    """AWS calls and CPU seconds per message, for finding the whole audience and sending its last messages."""
    campaign = Campaign.start(system)
    campaign.freeze()
    campaign_records.move_cursor(campaign_records.get(SITE, campaign.record_id), system.contacts - MESSAGES)
    campaign.release_page()
    for second in campaign.take_due():
        campaign.deliver(second)
    freeze = campaign.stages[FREEZE]
    rest = [campaign.stages[name] for name in STAGES if name != FREEZE]
    calls = freeze.usage.calls.total() / system.contacts + sum(stage.usage.calls.total() for stage in rest) / MESSAGES
    return calls, freeze.cpu_seconds / system.contacts + sum(stage.cpu_seconds for stage in rest) / MESSAGES


def _scan(system: SimulatedSystem) -> Iterator[Figure]:
    """Scan all contacts of the site with a filter."""
    test = predicate()
    with system.aws.measured() as usage, system.measure_cpu() as cpu_time:
        matches = sum(1 for _ in search.matching_ids(SITE, range(settings().contact_shards), test))
    if matches != system.contacts // 5:
        raise RuntimeError(f"the filter matched {matches} of {system.contacts} contacts instead of one in five")
    table = system.aws.dynamodb.tables[settings().contacts_table]
    units = usage.read_units.total() / (table.bytes / 8192)
    group = f"scan of {system.contacts:,}"
    yield Figure(group, "read units per 8 KB stored", units, "×", at_most=1.1 if system.contacts >= _FULL_PAGES else None)
    yield Figure(group, "contacts per second of CPU time", system.contacts / cpu_time.seconds, "contacts")


def _lists(system: SimulatedSystem) -> Iterator[Figure]:
    """Read the first, the hundredth, the middle and the last page of a list with ten contacts per page."""
    last = system.contacts // 10
    pages = {"first": 1, "100th": min(100, last), "middle": last // 2, "last": last}
    _page(system, 1)
    first_units, first_seconds = _page(system, 1)
    for name, page in pages.items():
        units, seconds = _page(system, page)
        group = f"list of {system.contacts:,}"
        yield Figure(
            group, f"{name} page: read units", units, "units", at_most=_LAST_PAGE * first_units if name == "last" else None
        )
        yield Figure(
            group,
            f"{name} page: CPU time, relative to the first page",
            seconds / first_seconds,
            "×",
            at_most=_LAST_PAGE if name == "last" else None,
        )


def _page(system: SimulatedSystem, page: int) -> tuple[float, float]:
    """Read units and CPU seconds of a page of ten contacts."""
    times = []
    for _ in range(3):
        with system.aws.measured() as usage, system.measure_cpu() as cpu_time:
            contacts, total = search.find(SITE, slice((page - 1) * 10, page * 10), Sort())
        if (len(contacts), total) != (10, system.contacts):
            raise RuntimeError(f"page {page} has {len(contacts)} contacts of {total}")
        times.append(cpu_time.seconds)
    return usage.read_units.total(), min(times)
