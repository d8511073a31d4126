"""PUT /outreach/messages/{id}

Update a message.

Absent properties keep their values. A status only moves forward: queued, sending, sent, then delivered, undelivered or failed.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.http import api
from outreach.message_api import message_service
from outreach.message_api.schemas import MessageResponse, MessageUpdateBody
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.put("/outreach/messages/<id>")
def update_message(id: Guid, body: MessageUpdateBody) -> MessageResponse:
    return MessageResponse.of(*message_service.update(api.caller(app).site_id, id, body))


lambda_handler = api.entry_point(app, scope="outreach:write")
