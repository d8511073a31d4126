"""GET /outreach/campaignRecords (docs/api.md, "Campaigns").

List the sends of all campaigns, newest first.
"""

from typing import Annotated

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BeforeValidator

from outreach import wire
from outreach.campaigns import campaign_records, record_list
from outreach.campaigns.campaign_records import RecordStatus
from outreach.campaigns.schemas import RecordResponse, RecordsResponse
from outreach.http import api, oversized, paging
from outreach.http.paging import PageIndex, PageSize, SortOrder

app = APIGatewayRestResolver(**api.OPTIONS)

SortBy = Annotated[str, paging.SortBy(RecordResponse), Query(alias="sortBy")]
_read_status = wire.one_of(*RecordStatus)
Status = Annotated[RecordStatus | None, BeforeValidator(lambda value: _read_status(value) if value else None)]


@app.get("/outreach/campaignRecords")
def list_site_records(
    status: Annotated[Status, Query()] = None,
    campaign_id: Annotated[wire.Guid | None, Query(alias="campaignId")] = None,
    page_index: PageIndex = 1,
    page_size: PageSize = 10,
    sort_by: SortBy = "sentTime",
    sort_order: SortOrder = "desc",
) -> RecordsResponse:
    site_id, page = api.caller(app).site_id, paging.page(app, page_index, page_size)
    entries = [
        entry
        for entry in campaign_records.list_by_site(site_id)
        if status in (None, entry.status) and campaign_id in (None, entry.campaign_id)
    ]
    return RecordsResponse(
        records=record_list.page(site_id, entries, sort_by, sort_order, page.slice),
        **paging.links(app.current_event, site_id, page, len(entries)),
    )


lambda_handler = oversized.redirect_oversized(api.entry_point(app, scope="outreach:read"))
