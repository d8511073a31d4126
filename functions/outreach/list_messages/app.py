"""GET /outreach/messages (specification: Get the list of Outreach Message)."""

from typing import Annotated, Literal

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Query

from outreach.http import api, paging
from outreach.http.paging import Page, PageIndex, PageSize, SortOrder
from outreach.messages import listing
from outreach.messages.bodies import MessageResponse, MessagesResponse
from outreach.messages.listing import Wanted
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)

SortBy = Literal[
    "sentTime", "id", "channelAccountId", "contactId", "message", "from", "to", "status", "failedReason", "campaignRecordId"
]


@app.get("/outreach/messages")
def list_messages(
    channel_account_id: Annotated[Guid | None, Query(alias="channelAccountId")] = None,
    contact_id: Annotated[Guid | None, Query(alias="contactId")] = None,
    campaign_id: Annotated[Guid | None, Query(alias="campaignId")] = None,
    campaign_record_id: Annotated[Guid | None, Query(alias="campaignRecordId")] = None,
    page_index: PageIndex = 1,
    page_size: PageSize = 10,
    sort_by: Annotated[SortBy, Query(alias="sortBy")] = "sentTime",
    sort_order: SortOrder = "asc",
) -> MessagesResponse:
    site_id = api.caller(app).site_id
    found = listing.find(site_id, Wanted(channel_account_id, contact_id, campaign_id, campaign_record_id))
    records = listing.records_of(site_id, found)
    shown = [MessageResponse.of(message, records.get(message.record_id or "")) for message in found]
    ordered = paging.ordered(shown, _ATTRIBUTES.get(sort_by, sort_by), sort_order)
    page = Page(page_index, page_size)
    return MessagesResponse(messages=ordered[page.window], **paging.links(app.current_event, site_id, page, len(ordered)))


_ATTRIBUTES = {"from": "sender", "to": "recipient"}

lambda_handler = api.entry_point(app, scope="outreach:read")
