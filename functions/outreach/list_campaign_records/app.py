"""GET /outreach/campaigns/{id}/records (contract, Campaigns, records, messages).

List the sends of a campaign.

An extension of the specification.
"""

from typing import Annotated, Literal

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Query

from outreach.campaigns import records
from outreach.campaigns.bodies import RecordResponse, RecordsResponse
from outreach.http import api, paging
from outreach.http.paging import PageIndex, PageSize, SortOrder
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.get("/outreach/campaigns/<id>/records")
def list_campaign_records(
    id: Guid,
    page_index: PageIndex = 1,
    page_size: PageSize = 10,
    sort_by: Annotated[Literal["sentTime", "id", "status", "source"], Query(alias="sortBy")] = "sentTime",
    sort_order: SortOrder = "asc",
) -> RecordsResponse:
    site_id = api.caller(app).site_id
    ordered = paging.ordered(records.list_of_campaign(site_id, id), sort_by, sort_order)
    page = paging.page(app, page_index, page_size)
    return RecordsResponse(
        records=[RecordResponse.of(record, records.counts(record)) for record in ordered[page.window]],
        **paging.links(app.current_event, site_id, page, len(ordered)),
    )


lambda_handler = api.entry_point(app, scope="outreach:read")
