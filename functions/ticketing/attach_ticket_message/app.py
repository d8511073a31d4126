"""POST /ticketing/ticket/{id}/messages:attach (specification: Attach a message to the ticket).

Attach a message to a ticket.

A body that starts with `data:text/plain;base64,` is decoded. The same message is attached once, however often it is sent.
"""

from typing import Annotated

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Path

from outreach.http import api
from outreach.ticketing import attaching
from outreach.ticketing.bodies import TicketMessageBody
from outreach.wire import Integer

app = APIGatewayRestResolver(**api.OPTIONS)


@app.post("/ticketing/ticket/<id>/messages:attach")
def attach_ticket_message(id: Annotated[Integer, Path()], body: TicketMessageBody) -> dict[str, str]:
    attaching.attach_given(api.caller(app).site_id, body.message(id, api.new_id(app)))
    return {}


lambda_handler = api.entry_point(app, scope="ticketing:write", creates=True)
