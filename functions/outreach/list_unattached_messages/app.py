"""GET /outreach/unattachedMessages (specification: Get the list of Unattached Outreach Message).

List a contact's messages that wait for a reply and have no ticket.
"""

from typing import Annotated

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Query

from outreach.campaigns import joined
from outreach.correspondence.bodies import MessageResponse, UnattachedMessagesResponse
from outreach.http import api
from outreach.ticketing import waiting
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.get("/outreach/unattachedMessages")
@app.get("/outreach/unattachedmessages", include_in_schema=False)
def list_unattached_messages(contact_id: Annotated[Guid, Query(alias="contactId")]) -> UnattachedMessagesResponse:
    site_id = api.caller(app).site_id
    found = waiting.unattached(site_id, joined.contact_ids(site_id, contact_id))
    return UnattachedMessagesResponse(messages=[MessageResponse.of(*entry) for entry in found])


lambda_handler = api.entry_point(app, scope="outreach:read")
