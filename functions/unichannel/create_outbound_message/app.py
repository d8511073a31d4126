"""POST /outboundunichannel/messages

Send a single message at once.

The response shows the carrier's decision. A message that the carrier refuses is returned with 200 and the status `failed`. If
the outcome is not known yet, the response is 503 and names the message's id. The system keeps trying, so do not send the message
again.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.http import api
from outreach.message_api.schemas import OutboundMessageResponse
from outreach.unichannel import outbound_service
from outreach.unichannel.schemas import OutboundMessageBody

app = APIGatewayRestResolver(**api.OPTIONS)


@app.post("/outboundunichannel/messages")
def create_outbound_message(body: OutboundMessageBody) -> OutboundMessageResponse:
    caller = api.caller(app)
    caller.enforce_rate_limit("unichannel")
    return OutboundMessageResponse.of(outbound_service.send(caller.site_id, body, api.new_id(app)))


lambda_handler = api.entry_point(app, scope="unichannel:send", idempotent=True)
