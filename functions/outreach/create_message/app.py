"""POST /outreach/messages

Send a message to a contact, or record one that was sent elsewhere.

Without `status`, or with the status `queued`, the message is sent. With any other status it is only recorded.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from outreach.http import api
from outreach.message_api import message_service
from outreach.message_api.schemas import MessageBody, MessageResponse

app = APIGatewayRestResolver(**api.OPTIONS)


@app.post("/outreach/messages")
def create_message(body: MessageBody) -> Response[MessageResponse]:
    caller = api.caller(app)
    caller.enforce_rate_limit("message")
    return api.created(app, MessageResponse.of(message_service.create(caller.site_id, body, api.new_id(app)), None))


lambda_handler = api.entry_point(app, scope="outreach:send", idempotent=True)
