"""GET /outreach/unattachedMessages

List a contact's messages that await a reply and have no ticket.
"""

from typing import Annotated

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Query

from outreach.campaigns import message_context
from outreach.http import api
from outreach.message_api.schemas import MessageResponse, UnattachedMessagesResponse
from outreach.ticketing import unattached_messages
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.get("/outreach/unattachedMessages")
@app.get("/outreach/unattachedmessages", include_in_schema=False)
def list_unattached_messages(contact_id: Annotated[Guid, Query(alias="contactId")]) -> UnattachedMessagesResponse:
    site_id = api.caller(app).site_id
    unattached = unattached_messages.list_unattached(site_id, message_context.contact_ids(site_id, contact_id))
    return UnattachedMessagesResponse(messages=[MessageResponse.of(*entry) for entry in unattached])


lambda_handler = api.entry_point(app, scope="outreach:read")
