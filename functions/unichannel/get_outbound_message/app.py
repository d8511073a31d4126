"""GET /outboundunichannel/messages/{id}

Get an outbound message.

Use it to follow a message that was sent, or whose outcome was not known yet when it was.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.http import api
from outreach.message_api.schemas import OutboundMessageResponse
from outreach.unichannel import outbound_message
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.get("/outboundunichannel/messages/<id>")
def get_outbound_message(id: Guid) -> OutboundMessageResponse:
    return OutboundMessageResponse.of(outbound_message.get(api.caller(app).site_id, id))


lambda_handler = api.entry_point(app, scope="unichannel:send")
