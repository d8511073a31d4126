"""GET /outreach/messages/{id}

Get a message.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.campaigns import message_context
from outreach.http import api
from outreach.message_api.schemas import MessageResponse
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.get("/outreach/messages/<id>")
def get_message(id: Guid) -> MessageResponse:
    return MessageResponse.of(*message_context.get(api.caller(app).site_id, id))


lambda_handler = api.entry_point(app, scope="outreach:read")
