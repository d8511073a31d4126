"""GET /ticketing/tickets/{id}

Get a ticket with its messages.

The messages are in the order of their times. With an external ticketing system there are no tickets here: 404.
"""

from typing import Annotated

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Path

from outreach.http import api, oversized
from outreach.ticketing import ticket_store
from outreach.ticketing.schemas import TicketResponse
from outreach.wire import Integer

app = APIGatewayRestResolver(**api.OPTIONS)


@app.get("/ticketing/tickets/<id>")
def get_ticket(id: Annotated[Integer, Path()]) -> TicketResponse:
    ticket_store.require_built_in()
    site_id = api.caller(app).site_id
    return TicketResponse.of(ticket_store.get(site_id, id), ticket_store.messages(site_id, id))


lambda_handler = oversized.redirect_oversized(api.entry_point(app, scope="ticketing:read"))
