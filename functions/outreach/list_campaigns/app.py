"""GET /outreach/campaigns (docs/api.md, "Campaigns" and "Lists").

List campaigns.
"""

from typing import Annotated

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Query

from outreach.campaigns import campaign_store
from outreach.campaigns.schemas import CampaignResponse, CampaignsResponse
from outreach.http import api, oversized, paging
from outreach.http.paging import PageIndex, PageSize, SortOrder
from outreach.messages.schema_types import Channel
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)

# A campaign's response does not have the time of its creation.
SortBy = Annotated[str, paging.SortBy(CampaignResponse, ("createTime",)), Query(alias="sortBy")]


@app.get("/outreach/campaigns")
def list_campaigns(
    channel: Annotated[Channel, Query()] = "sms",  # the only channel
    channel_account_id: Annotated[Guid | None, Query(alias="channelAccountId")] = None,
    page_index: PageIndex = 1,
    page_size: PageSize = 10,
    sort_by: SortBy = "createTime",
    sort_order: SortOrder = "asc",
) -> CampaignsResponse:
    site_id = api.caller(app).site_id
    page = paging.page(app, page_index, page_size)
    campaigns = [entry for entry in campaign_store.list_all(site_id) if channel_account_id in (None, entry.channel_account_id)]
    if sort_by == "createTime":
        ordered = paging.sort(campaigns, sort_by, sort_order)
    else:
        ordered = paging.sort(campaigns, sort_by, sort_order, shown=CampaignResponse.of)
    return CampaignsResponse(
        campaigns=[CampaignResponse.of(campaign) for campaign in ordered[page.slice]],
        **paging.links(app.current_event, site_id, page, len(ordered)),
    )


lambda_handler = oversized.redirect_oversized(api.entry_point(app, scope="outreach:read"))
