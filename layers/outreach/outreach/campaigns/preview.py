"""What a send would do now, without doing it: whom it reaches, how many segments it takes, how long it lasts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from outreach import clock
from outreach.campaigns import personalise, store
from outreach.campaigns.models import Campaign
from outreach.campaigns.personalise import Draft
from outreach.contacts import filters, optouts, search
from outreach.contacts import schema as contact_schema
from outreach.contacts import store as contacts
from outreach.contacts.fields import Schema
from outreach.messages.status import SkipReason
from outreach.sending import pacing
from outreach.settings import settings
from outreach.sites import store as sites
from outreach.sites.models import ChannelAccount

SAMPLE_SIZE = 3

_CHUNK = 100


@dataclass
class Preview:
    """The forecast; ``segments`` is their sum over all messages, ``estimated_seconds`` the account's own pacing of them."""

    audience: int = 0
    segments: int = 0
    skipped_reasons: Counter[str] = field(default_factory=Counter)
    sample: list[Draft] = field(default_factory=list)
    estimated_seconds: int = 0


def preview(site_id: str, campaign_id: str) -> Preview:
    """Forecast a send of the campaign.

    Raises:
        NotFound: the site has no such campaign.
    """
    campaign = store.get(site_id, campaign_id)
    account = sites.get_account(site_id, campaign.channel_account_id)
    result = Preview()
    for decision in _decisions(campaign, account, contact_schema.load(site_id)):
        _add(result, decision)
    now = clock.now().timestamp()
    start = pacing.next_slot(account, now=now)
    result.estimated_seconds = round(start - now + result.segments / account.messages_per_second)
    return result


def _decisions(campaign: Campaign, account: ChannelAccount, schema: Schema) -> Iterator[Draft | SkipReason]:
    """What each contact of the audience would get, by the rules of the release."""
    site_id = campaign.site_id
    ids = search.matching_ids(site_id, range(settings().contact_shards), filters.compile(campaign.contact_filter, schema))
    while chunk := list(islice(ids, _CHUNK)):
        found = contacts.get_many(site_id, chunk)
        drafts = [personalise.draft(campaign.wording, account, schema, found.get(contact_id)) for contact_id in chunk]
        gone = optouts.opted_out(site_id, (draft.number for draft in drafts if isinstance(draft, Draft)))
        for draft in drafts:
            yield SkipReason.OPTED_OUT if isinstance(draft, Draft) and draft.number in gone else draft


def _add(result: Preview, decision: Draft | SkipReason) -> None:
    result.audience += 1
    if isinstance(decision, SkipReason):
        result.skipped_reasons[decision.value] += 1
        return
    result.segments += decision.segments
    if len(result.sample) < SAMPLE_SIZE:
        result.sample.append(decision)
