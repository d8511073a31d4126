"""GET /ticketing/tickets

List a contact's tickets with their messages.

Newest first. With an external ticketing system there are no tickets here: 404.
"""

from typing import Annotated

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Query

from outreach.campaigns import message_context
from outreach.http import api, oversized, paging
from outreach.http.paging import PageIndex, PageSize, SortOrder
from outreach.ticketing import ticket_store
from outreach.ticketing.schemas import TicketResponse, TicketsResponse
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)

SortBy = Annotated[str, paging.SortBy(TicketResponse), Query(alias="sortBy")]


@app.get("/ticketing/tickets")
def list_tickets(
    contact_id: Annotated[Guid, Query(alias="contactId")],
    page_index: PageIndex = 1,
    page_size: PageSize = 10,
    sort_by: SortBy = "createTime",
    sort_order: SortOrder = "desc",
) -> TicketsResponse:
    ticket_store.require_built_in()
    site_id, page = api.caller(app).site_id, paging.page(app, page_index, page_size)
    found = ticket_store.list_of_contact(site_id, message_context.contact_ids(site_id, contact_id))
    ordered = paging.sort(found, sort_by, sort_order, lambda ticket: TicketResponse.of(ticket, ()))
    tickets = [TicketResponse.of(ticket, ticket_store.messages(site_id, ticket.id)) for ticket in ordered[page.slice]]
    return TicketsResponse(tickets=tickets, **paging.links(app.current_event, site_id, page, len(ordered)))


lambda_handler = oversized.redirect_oversized(api.entry_point(app, scope="ticketing:read"))
