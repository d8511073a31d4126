"""GET /outreach/campaigns (specification: Get the list of Outreach Campaign).

List campaigns.
"""

from typing import Annotated, Literal

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Query

from outreach.campaigns import store
from outreach.campaigns.bodies import CampaignResponse, CampaignsResponse
from outreach.http import api, paging
from outreach.http.paging import Page, PageIndex, PageSize, SortOrder
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)

SortBy = Literal["createTime", "id", "name", "description", "channelAccountId", "message", "scheduledStartTime"]


@app.get("/outreach/campaigns")
def list_campaigns(
    channel: Annotated[str | None, Query()] = None,
    channel_account_id: Annotated[Guid | None, Query(alias="channelAccountId")] = None,
    page_index: PageIndex = 1,
    page_size: PageSize = 10,
    sort_by: Annotated[SortBy, Query(alias="sortBy")] = "createTime",
    sort_order: SortOrder = "asc",
) -> CampaignsResponse:
    site_id = api.caller(app).site_id
    wanted = [
        campaign
        for campaign in store.list_all(site_id)
        if channel in (None, "", "sms") and channel_account_id in (None, campaign.channel_account_id)
    ]
    ordered = paging.ordered(wanted, sort_by, sort_order)
    page = Page(page_index, page_size)
    return CampaignsResponse(
        campaigns=[CampaignResponse.of(campaign) for campaign in ordered[page.window]],
        **paging.links(app.current_event, site_id, page, len(ordered)),
    )


lambda_handler = api.entry_point(app, scope="outreach:read")
