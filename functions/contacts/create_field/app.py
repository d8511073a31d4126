"""POST /contact/fields

Create a contact field.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from outreach.contacts import schema
from outreach.contacts.bodies import FieldBody, FieldResponse
from outreach.http import api

app = APIGatewayRestResolver(**api.OPTIONS)


@app.post("/contact/fields")
def create_field(body: FieldBody) -> Response[FieldResponse]:
    return api.created(FieldResponse.of(schema.create_field(api.caller(app).site_id, body.new_field())))


lambda_handler = api.entry_point(app, scope="contact:write")
