"""POST /outreach/messages (specification: Create a new Outreach Message).

Send a message to a contact, or record one that was sent elsewhere.

Without `status`, or with `queued`, the message is sent. With another status it is only recorded, its properties as given.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from outreach.correspondence import editing
from outreach.correspondence.bodies import MessageBody, MessageResponse
from outreach.http import api

app = APIGatewayRestResolver(**api.OPTIONS)


@app.post("/outreach/messages")
def create_message(body: MessageBody) -> Response[MessageResponse]:
    who = api.caller(app)
    who.slow_down("message")
    return api.created(MessageResponse.of(editing.create(who.site_id, body, api.new_id(app)), None))


lambda_handler = api.entry_point(app, scope="outreach:send", creates=True)
