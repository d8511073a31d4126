"""PUT /outreach/messages/{id} (specification: Update the Outreach Message).

Change a message.

What is absent stays. A status only moves forward: queued, sending, sent, and then delivered, undelivered or failed.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.correspondence import editing
from outreach.correspondence.bodies import MessageResponse, MessageUpdateBody
from outreach.http import api
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.put("/outreach/messages/<id>")
def update_message(id: Guid, body: MessageUpdateBody) -> MessageResponse:
    return MessageResponse.of(*editing.update(api.caller(app).site_id, id, body))


lambda_handler = api.entry_point(app, scope="outreach:write")
