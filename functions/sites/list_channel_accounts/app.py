"""GET /outreach/channelAccounts

List the site's channel accounts.

An account that its carrier refuses is paused: its messages wait, and one is tried after `pausedUntil`.
"""

from typing import Annotated

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Query

from outreach.http import api, paging
from outreach.http.paging import PageIndex, PageSize, SortOrder
from outreach.sending import circuit_breaker
from outreach.site_api.schemas import ChannelAccountResponse, ChannelAccountsResponse
from outreach.sites import site_store

app = APIGatewayRestResolver(**api.OPTIONS)


SortBy = Annotated[str, paging.SortBy(ChannelAccountResponse), Query(alias="sortBy")]


@app.get("/outreach/channelAccounts")
def list_channel_accounts(
    page_index: PageIndex = 1, page_size: PageSize = 0, sort_by: SortBy = "id", sort_order: SortOrder = "asc"
) -> ChannelAccountsResponse:
    site_id, page = api.caller(app).site_id, paging.Page(page_index, page_size)
    states = circuit_breaker.states_of(site_id)
    accounts = [ChannelAccountResponse.of(account, states.get(account.id)) for account in site_store.list_accounts(site_id)]
    ordered = paging.sort(accounts, sort_by, sort_order)
    return ChannelAccountsResponse(
        channel_accounts=ordered[page.slice], **paging.links(app.current_event, site_id, page, len(ordered))
    )


lambda_handler = api.entry_point(app, scope="outreach:read")
