"""The results of campaign records: counts, failures by code, replies and opt-outs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from outreach.campaigns import engagement, ledger, record_counts
from outreach.campaigns.campaign_records import CampaignRecord
from outreach.campaigns.engagement import EngagementCounts
from outreach.carriers import codes
from outreach.errors import NotFound
from outreach.messages import failed_reasons
from outreach.sites import site_store

_MAX_FAILURES = 20


@dataclass(frozen=True)
class Failure:
    """How many messages failed for one reason.

    Attributes:
        code: the carrier's code, or one of ours.
        reason: the code in words.
    """

    code: str
    reason: str
    count: int


@dataclass(frozen=True)
class RecordResults:
    """What became of a record.

    Attributes:
        counts: how many contacts of the audience have each status; ``None`` before the freeze.
        failures: the most frequent ones first, 20 at most.
    """

    counts: ledger.Counts | None
    failures: Sequence[Failure]
    engagement: EngagementCounts


def of(record: CampaignRecord) -> RecordResults:
    """Return the results of one record."""
    return of_many(record.site_id, [record])[0]


def of_many(site_id: str, records: Sequence[CampaignRecord]) -> list[RecordResults]:
    """Return the results of records, in their order. Reads the ledger of each."""
    # Nobody can answer a message before the freeze.
    engagement_by_id = engagement.counts_of(site_id, [record.id for record in records if record.is_frozen])
    return [_results(record, engagement_by_id.get(record.id, EngagementCounts())) for record in records]


def _results(record: CampaignRecord, record_engagement: EngagementCounts) -> RecordResults:
    if not record.is_frozen:
        return RecordResults(None, (), record_engagement)
    pages, counts = record_counts.read_with_ledger(record)
    return RecordResults(counts, _failures(record, ledger.count_failures(pages)), record_engagement)


def _failures(record: CampaignRecord, counts: Counter[str]) -> list[Failure]:
    most_frequent = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_MAX_FAILURES]
    carrier_words = _carrier_words(record) if any(code.isdigit() for code, _ in most_frequent) else {}
    return [Failure(code, _words(code, carrier_words), count) for code, count in most_frequent]


def _carrier_words(record: CampaignRecord) -> dict[str, str]:
    """Return what the codes of the record's carrier mean; empty when its channel account is gone."""
    try:
        account = site_store.get_account(record.site_id, record.channel_account_id)
    except NotFound:
        return {}
    return {number: code.description for number, code in codes.of_carrier(account.carrier).items()}


def _words(code: str, carrier_words: dict[str, str]) -> str:
    if code.isdigit():
        return carrier_words.get(code, "see the carrier's list of error codes")
    return failed_reasons.text_of(code) or "the carrier gave no code; see failedReason of the messages"
