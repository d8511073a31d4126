"""POST /outboundunichannel/messages (specification: Create a outbound message).

Send a single message now.

The answer has what the carrier said. A refusal is 200 with the status `failed`; 503 means that nobody knows yet, and the message
goes on under the id that is named.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.correspondence.bodies import OutboundMessageResponse
from outreach.http import api
from outreach.unichannel import outbound
from outreach.unichannel.bodies import OutboundMessageBody

app = APIGatewayRestResolver(**api.OPTIONS)


@app.post("/outboundunichannel/messages")
def create_outbound_message(body: OutboundMessageBody) -> OutboundMessageResponse:
    who = api.caller(app)
    who.slow_down("unichannel")
    return OutboundMessageResponse.of(outbound.send(who.site_id, body, api.new_id(app)))


lambda_handler = api.entry_point(app, scope="unichannel:send", creates=True)
