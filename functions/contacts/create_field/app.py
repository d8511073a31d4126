"""POST /contact/fields

Create a contact field.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from outreach.contacts import field_store
from outreach.contacts.schemas import FieldBody, FieldResponse
from outreach.http import api

app = APIGatewayRestResolver(**api.OPTIONS)


@app.post("/contact/fields")
def create_field(body: FieldBody) -> Response[FieldResponse]:
    field = field_store.create_field(api.caller(app).site_id, body.new_field(api.new_id(app)))
    return api.created(app, FieldResponse.of(field))


lambda_handler = api.entry_point(app, scope="contact:write", idempotent=True)
