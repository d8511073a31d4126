"""GET /outreach/messages (specification: Get the list of Outreach Message).

List messages.
"""

from typing import Annotated

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BeforeValidator, WithJsonSchema

from outreach.contacts.files import later
from outreach.correspondence import listing
from outreach.correspondence.bodies import MessageResponse, MessagesResponse, TicketId, sent_period
from outreach.correspondence.listing import Wanted
from outreach.http import api, paging
from outreach.http.paging import PageIndex, PageSize, SortOrder
from outreach.messages.options import Channel
from outreach.wire import Guid, one_of

app = APIGatewayRestResolver(**api.OPTIONS)

SORTABLE = [str(field.alias) for field in MessageResponse.model_fields.values()]
SortBy = Annotated[
    str, BeforeValidator(one_of(*SORTABLE)), WithJsonSchema({"type": "string", "enum": SORTABLE}), Query(alias="sortBy")
]


@app.get("/outreach/messages")
def list_messages(
    channel: Annotated[Channel, Query()] = "sms",  # the only one there is
    channel_account_id: Annotated[Guid | None, Query(alias="channelAccountId")] = None,
    contact_id: Annotated[Guid | None, Query(alias="contactId")] = None,
    campaign_id: Annotated[Guid | None, Query(alias="campaignId")] = None,
    campaign_record_id: Annotated[Guid | None, Query(alias="campaignRecordId")] = None,
    ticket_id: Annotated[TicketId, Query(alias="attachedToTicketId")] = None,
    sent_time: Annotated[str, Query(alias="sentTime")] = "",
    keywords: Annotated[str, Query()] = "",
    page_index: PageIndex = 1,
    page_size: PageSize = 10,
    sort_by: SortBy = "sentTime",
    sort_order: SortOrder = "asc",
) -> MessagesResponse:
    site_id, page = api.caller(app).site_id, paging.page(app, page_index, page_size)
    sent = sent_period(sent_time)
    wanted = Wanted(channel_account_id, contact_id, campaign_id, campaign_record_id, ticket_id, sent, keywords)
    messages, total = listing.page(site_id, wanted, sort_by, sort_order, page.window, later.deadline(app))
    return MessagesResponse(messages=messages, **paging.links(app.current_event, site_id, page, total))


lambda_handler = later.entry_point(app, "list_messages")
