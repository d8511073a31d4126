"""GET /outreach/messages/{id} (specification: Get a single Outreach Message).

Get a message.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.campaigns import joined
from outreach.correspondence.bodies import MessageResponse
from outreach.http import api
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.get("/outreach/messages/<id>")
def get_message(id: Guid) -> MessageResponse:
    return MessageResponse.of(*joined.get(api.caller(app).site_id, id))


lambda_handler = api.entry_point(app, scope="outreach:read")
