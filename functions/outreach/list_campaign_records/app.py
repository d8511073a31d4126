"""GET /outreach/campaigns/{id}/records (docs/api.md, "Campaigns").

List the sends of a campaign.
"""

from typing import Annotated

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Query

from outreach.campaigns import campaign_records, campaign_store, record_list
from outreach.campaigns.schemas import RecordResponse, RecordsResponse
from outreach.http import api, oversized, paging
from outreach.http.paging import PageIndex, PageSize, SortOrder
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)

SortBy = Annotated[str, paging.SortBy(RecordResponse), Query(alias="sortBy")]


@app.get("/outreach/campaigns/<id>/records")
def list_campaign_records(
    id: Guid,
    page_index: PageIndex = 1,
    page_size: PageSize = 10,
    sort_by: SortBy = "sentTime",
    sort_order: SortOrder = "asc",
) -> RecordsResponse:
    site_id, page = api.caller(app).site_id, paging.page(app, page_index, page_size)
    records = campaign_records.list_by_campaign(site_id, id)
    if not records:
        campaign_store.get(site_id, id)  # Without records, the campaign must exist; records of a deleted one stay readable.
    return RecordsResponse(
        records=record_list.page(site_id, records, sort_by, sort_order, page.slice),
        **paging.links(app.current_event, site_id, page, len(records)),
    )


lambda_handler = oversized.redirect_oversized(api.entry_point(app, scope="outreach:read"))
