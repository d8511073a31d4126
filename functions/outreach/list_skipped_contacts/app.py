"""GET /outreach/campaignRecords/{id}/skipped (docs/api.md, "Campaigns").

List the contacts that a send skipped, with the reasons.

`name` and `to` are those that the contact has now.
"""

from typing import Annotated

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Query

from outreach.campaigns import campaign_records, skipped_contacts
from outreach.campaigns.schemas import SkippedContactResponse, SkippedContactsResponse
from outreach.http import api, oversized, paging
from outreach.http.paging import PageIndex, PageSize, SortOrder
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)

SortBy = Annotated[Annotated[str, paging.SortBy(SkippedContactResponse)] | None, Query(alias="sortBy")]


@app.get("/outreach/campaignRecords/<id>/skipped")
def list_skipped_contacts(
    id: Guid,
    page_index: PageIndex = 1,
    page_size: PageSize = 10,
    sort_by: SortBy = None,
    sort_order: SortOrder = "asc",
) -> SkippedContactsResponse:
    site_id, page = api.caller(app).site_id, paging.page(app, page_index, page_size)
    if skipped_contacts.needs_contacts(sort_by):
        api.caller(app).enforce_rate_limit("search")
    record = campaign_records.get(site_id, id)
    places = skipped_contacts.skipped_places(record)
    links = paging.links(app.current_event, site_id, page, len(places))
    return SkippedContactsResponse(skipped=skipped_contacts.page(record, places, sort_by, sort_order, page.slice), **links)


lambda_handler = oversized.redirect_oversized(api.entry_point(app, scope="outreach:read"))
