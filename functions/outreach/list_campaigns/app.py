"""GET /outreach/campaigns (specification: Get the list of Outreach Campaign).

List campaigns.
"""

from typing import Annotated

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BeforeValidator

from outreach.campaigns import store
from outreach.campaigns.bodies import CampaignResponse, CampaignsResponse
from outreach.http import api, large, paging
from outreach.http.paging import PageIndex, PageSize, SortOrder
from outreach.messages.options import Channel
from outreach.wire import Guid, one_of

app = APIGatewayRestResolver(**api.OPTIONS)

SORTABLE = ("createTime", "id", "name", "description", "channelAccountId", "message", "scheduledStartTime")
SortBy = Annotated[str, BeforeValidator(one_of(*SORTABLE)), Query(alias="sortBy")]


@app.get("/outreach/campaigns")
def list_campaigns(
    channel: Annotated[Channel, Query()] = "sms",  # the only one there is
    channel_account_id: Annotated[Guid | None, Query(alias="channelAccountId")] = None,
    page_index: PageIndex = 1,
    page_size: PageSize = 10,
    sort_by: SortBy = "createTime",
    sort_order: SortOrder = "asc",
) -> CampaignsResponse:
    site_id = api.caller(app).site_id
    wanted = [campaign for campaign in store.list_all(site_id) if channel_account_id in (None, campaign.channel_account_id)]
    ordered = paging.ordered(wanted, sort_by, sort_order)
    page = paging.page(app, page_index, page_size)
    return CampaignsResponse(
        campaigns=[CampaignResponse.of(campaign) for campaign in ordered[page.window]],
        **paging.links(app.current_event, site_id, page, len(ordered)),
    )


lambda_handler = large.answers(api.entry_point(app, scope="outreach:read"))
