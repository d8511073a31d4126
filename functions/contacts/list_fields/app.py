"""GET /contact/fields

List the contact fields, system fields included, by `order`.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.contacts import schema
from outreach.contacts.bodies import FieldResponse
from outreach.http import api

app = APIGatewayRestResolver(**api.OPTIONS)


@app.get("/contact/fields")
def list_fields() -> list[FieldResponse]:
    return [FieldResponse.of(field) for field in schema.load(api.caller(app).site_id).ordered]


lambda_handler = api.entry_point(app, scope="contact:read")
