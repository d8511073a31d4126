"""GET /outreach/messages/{id} (specification: Get a single Outreach Message)."""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.errors import NotFound
from outreach.http import api
from outreach.messages import listing, store
from outreach.messages.bodies import MessageResponse
from outreach.messages.status import Status
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.get("/outreach/messages/<id>")
def get_message(id: Guid) -> MessageResponse:
    site_id = api.caller(app).site_id
    message = store.get(site_id, id)
    if message.status is Status.SKIPPED:
        raise NotFound("There is no such message.")
    record = listing.records_of(site_id, [message]).get(message.record_id or "")
    return MessageResponse.of(message, record)


lambda_handler = api.entry_point(app, scope="outreach:read")
