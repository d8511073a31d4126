"""Commands that show campaigns that are being sent."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from outreach.campaigns import campaign_records, record_counts
from outreach.campaigns.campaign_records import CampaignRecord
from outreach.campaigns.ledger import Counts
from outreach.errors import NotFound
from outreach_admin.options import SiteCommand, SiteId
from outreach_admin.progress import ProgressDisplay

campaign = typer.Typer(no_args_is_help=True, help="Observe campaigns that are being sent.")

_STATUSES = ("queued", "sending", "sent", "delivered", "undelivered", "failed", "skipped")


@campaign.command("watch", cls=SiteCommand)
def watch(
    context: typer.Context,
    site_id: SiteId,
    record_or_campaign_id: Annotated[
        str, typer.Argument(metavar="ID", help="Id of a campaign record, or of a campaign for its newest record.")
    ],
    every: Annotated[float, typer.Option(min=0.01, help="Seconds between updates.")] = 2,
) -> None:
    """Show the progress of a send until it ends, then its final counts.

    Example: outreach-admin campaign watch 10000 5c3c1a5e-…
    """
    record = _record(site_id, record_or_campaign_id)
    with ProgressDisplay(Console(stderr=True), "contacts", record.audience) as display:
        while True:
            record = campaign_records.get(site_id, record.id)
            counts = record_counts.read(record)
            remaining = counts.queued + counts.sending if counts else 0
            display.show((record.audience or 0) - remaining, record.audience, _progress_text(record, counts))
            if record.is_over and not remaining:
                break
            time.sleep(every)
    context.obj.one({"record": record.id, "status": str(record.status), **(asdict(counts) if counts else {})})


def _record(site_id: str, record_or_campaign_id: str) -> CampaignRecord:
    try:
        return campaign_records.get(site_id, record_or_campaign_id)
    except NotFound:
        newest = campaign_records.newest(site_id, record_or_campaign_id)
        if newest is None:
            raise NotFound(
                "The site has no campaign record with this id, and has sent no campaign with this id."
                " `GET /outreach/campaignRecords` lists the records."
            ) from None
        return newest


def _progress_text(record: CampaignRecord, counts: Counts | None) -> str:
    by_status = {status: getattr(counts, status) for status in _STATUSES} if counts else {}
    return ", ".join([str(record.status), *(f"{count} {status}" for status, count in by_status.items() if count)])
