"""GET /outreach/messages

List messages.
"""

from typing import Annotated

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Query

from outreach import text
from outreach.http import api, list_results, paging
from outreach.http.paging import PageIndex, PageSize, SortOrder
from outreach.message_api import message_list
from outreach.message_api.message_list import MessageQuery
from outreach.message_api.schemas import MessageResponse, MessagesResponse, OptionalStatus, TicketId, sent_period
from outreach.messages.models import Kind
from outreach.messages.schema_types import Channel
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)

SortBy = Annotated[str, paging.SortBy(MessageResponse), Query(alias="sortBy")]


@app.get("/outreach/messages")
def list_messages(
    channel: Annotated[Channel, Query()] = "sms",  # the only channel
    channel_account_id: Annotated[Guid | None, Query(alias="channelAccountId")] = None,
    contact_id: Annotated[Guid | None, Query(alias="contactId")] = None,
    campaign_id: Annotated[Guid | None, Query(alias="campaignId")] = None,
    campaign_record_id: Annotated[Guid | None, Query(alias="campaignRecordId")] = None,
    ticket_id: Annotated[TicketId, Query(alias="attachedToTicketId")] = None,
    sent_time: Annotated[str, Query(alias="sentTime")] = "",
    status: Annotated[OptionalStatus, Query()] = None,
    keywords: Annotated[str, Query()] = "",
    page_index: PageIndex = 1,
    page_size: PageSize = 10,
    sort_by: SortBy = "sentTime",
    sort_order: SortOrder = "asc",
) -> MessagesResponse:
    site_id, page = api.caller(app).site_id, paging.page(app, page_index, page_size)
    query = MessageQuery(
        kind=Kind.OUTREACH,
        account_id=channel_account_id,
        contact_id=contact_id,
        campaign_id=campaign_id,
        record_id=campaign_record_id,
        ticket_id=ticket_id,
        sent=sent_period(sent_time),
        keywords=text.normalise(keywords),
        status=status,
    )
    if message_list.is_search(query, sort_by):
        api.caller(app).enforce_rate_limit("search")
    deadline = list_results.response_deadline(app)
    messages, total = message_list.page(site_id, query, MessageResponse.of, sort_by, sort_order, page.slice, deadline)
    return MessagesResponse(messages=messages, **paging.links(app.current_event, site_id, page, total))


lambda_handler = list_results.entry_point(app, "list_messages")
