"""GET /outreach/replies/{id}

Get a reply.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.http import api
from outreach.message_api.reply_schemas import ReplyResponse
from outreach.messages import message_store
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.get("/outreach/replies/<id>")
def get_reply(id: Guid) -> ReplyResponse:
    return ReplyResponse.of(message_store.get_reply(api.caller(app).site_id, id))


lambda_handler = api.entry_point(app, scope="outreach:read")
