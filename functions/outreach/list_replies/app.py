"""GET /outreach/replies

List replies.

Newest first. `keywords` is searched for in the text, the numbers, and the names of the contact and the campaign.
"""

from typing import Annotated

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Query

from outreach import periods, text
from outreach.http import api, list_results, paging
from outreach.http.paging import PageIndex, PageSize, SortOrder
from outreach.message_api import message_list
from outreach.message_api.message_list import MessageQuery
from outreach.message_api.reply_schemas import RepliesResponse, ReplyResponse
from outreach.messages.models import Kind
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)

SortBy = Annotated[str, paging.SortBy(ReplyResponse), Query(alias="sortBy")]


@app.get("/outreach/replies")
def list_replies(
    channel_account_id: Annotated[Guid | None, Query(alias="channelAccountId")] = None,
    contact_id: Annotated[Guid | None, Query(alias="contactId")] = None,
    campaign_record_id: Annotated[Guid | None, Query(alias="campaignRecordId")] = None,
    received_time: Annotated[str, Query(alias="receivedTime")] = "",
    keywords: Annotated[str, Query()] = "",
    page_index: PageIndex = 1,
    page_size: PageSize = 10,
    sort_by: SortBy = "receivedTime",
    sort_order: SortOrder = "desc",
) -> RepliesResponse:
    site_id, page = api.caller(app).site_id, paging.page(app, page_index, page_size)
    query = MessageQuery(
        kind=Kind.INBOUND,
        account_id=channel_account_id,
        contact_id=contact_id,
        record_id=campaign_record_id,
        sent=periods.parse(received_time, "/receivedTime"),
        keywords=text.normalise(keywords),
    )
    if message_list.is_search(query, sort_by):
        api.caller(app).enforce_rate_limit("search")
    deadline = list_results.response_deadline(app)
    replies, total = message_list.page(site_id, query, ReplyResponse.of, sort_by, sort_order, page.slice, deadline)
    return RepliesResponse(replies=replies, **paging.links(app.current_event, site_id, page, total))


lambda_handler = list_results.entry_point(app, "list_replies")
