"""POST /contact/contacts

Create a contact.

It needs a name and at least one identity. No two contacts of a site have the same identity (type and normalised value).
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from outreach.contacts import editing, schema
from outreach.contacts.bodies import ContactBody, ContactResponse
from outreach.http import api

app = APIGatewayRestResolver(**api.OPTIONS)


@app.post("/contact/contacts")
def create_contact(body: ContactBody) -> Response[ContactResponse]:
    fields = schema.load(api.caller(app).site_id)
    return api.created(ContactResponse.of(editing.create(fields, body), fields))


lambda_handler = api.entry_point(app, scope="contact:write")
