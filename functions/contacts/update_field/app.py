"""PUT /contact/fields/{id}

Update a contact field.

Absent properties stay as they are. The name and the type of a system field cannot be changed.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.contacts import field_store
from outreach.contacts.schemas import FieldBody, FieldResponse
from outreach.http import api
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.put("/contact/fields/<id>")
def update_field(id: Guid, body: FieldBody) -> FieldResponse:
    return FieldResponse.of(field_store.update_field(api.caller(app).site_id, id, body.changed_field))


lambda_handler = api.entry_point(app, scope="contact:write")
