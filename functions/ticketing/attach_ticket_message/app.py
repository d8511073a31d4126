"""POST /ticketing/ticket/{id}/messages:attach

Attach a message to a ticket.

A body that starts with `data:text/plain;base64,` is decoded. A message posted again with the same id is attached only once.
"""

from typing import Annotated

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Path

from outreach.http import api
from outreach.ticketing import attachment
from outreach.ticketing.schemas import TicketMessageBody
from outreach.wire import Integer

app = APIGatewayRestResolver(**api.OPTIONS)


@app.post("/ticketing/ticket/<id>/messages:attach")
def attach_ticket_message(id: Annotated[Integer, Path()], body: TicketMessageBody) -> dict[str, str]:
    attachment.attach_posted(api.caller(app).site_id, body.to_message(id, api.new_id(app)))
    return {}


lambda_handler = api.entry_point(app, scope="ticketing:write", idempotent=True)
