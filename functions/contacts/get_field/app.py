"""GET /contact/fields/{id}

Get a contact field.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.contacts import field_store
from outreach.contacts.schemas import FieldResponse
from outreach.http import api
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.get("/contact/fields/<id>")
def get_field(id: Guid) -> FieldResponse:
    return FieldResponse.of(field_store.get_field(field_store.load(api.caller(app).site_id), id))


lambda_handler = api.entry_point(app, scope="contact:read")
