"""GET /outreach/campaigns/{id}/records (contract, Campaigns, records, messages).

List the sends of a campaign.

An extension of the specification.
"""

from typing import Annotated

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BeforeValidator

from outreach.campaigns import records, store
from outreach.campaigns.bodies import RecordResponse, RecordsResponse
from outreach.http import api, large, paging
from outreach.http.paging import PageIndex, PageSize, SortOrder
from outreach.wire import Guid, one_of

app = APIGatewayRestResolver(**api.OPTIONS)

SORTABLE = ("sentTime", "id", "status", "source")
SortBy = Annotated[str, BeforeValidator(one_of(*SORTABLE)), Query(alias="sortBy")]


@app.get("/outreach/campaigns/<id>/records")
def list_campaign_records(
    id: Guid,
    page_index: PageIndex = 1,
    page_size: PageSize = 10,
    sort_by: SortBy = "sentTime",
    sort_order: SortOrder = "asc",
) -> RecordsResponse:
    site_id, page = api.caller(app).site_id, paging.page(app, page_index, page_size)
    found = records.list_of_campaign(site_id, id)
    if not found:
        store.get(site_id, id)  # it must exist; the records of a deleted one stay readable
    ordered = paging.ordered(found, sort_by, sort_order)
    return RecordsResponse(
        records=[RecordResponse.of(record, records.counts(record)) for record in ordered[page.window]],
        **paging.links(app.current_event, site_id, page, len(ordered)),
    )


lambda_handler = large.answers(api.entry_point(app, scope="outreach:read"))
