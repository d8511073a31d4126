"""PUT /contact/fields/{id}

Change a contact field.

What is absent stays. System fields keep their name and type.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.contacts import schema
from outreach.contacts.bodies import FieldBody, FieldResponse
from outreach.http import api
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.put("/contact/fields/<id>")
def update_field(id: Guid, body: FieldBody) -> FieldResponse:
    return FieldResponse.of(schema.update_field(api.caller(app).site_id, id, body.changed_field))


lambda_handler = api.entry_point(app, scope="contact:write")
