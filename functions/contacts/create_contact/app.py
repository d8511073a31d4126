"""POST /contact/contacts

Create a contact.

It needs a name and at least one identity. No two contacts of a site have the same identity (type and normalised value).
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from outreach.contacts import editing, optouts, schema
from outreach.contacts.bodies import ContactBody, ContactResponse
from outreach.http import api

app = APIGatewayRestResolver(**api.OPTIONS)


@app.post("/contact/contacts")
def create_contact(body: ContactBody) -> Response[ContactResponse]:
    fields = schema.load(api.caller(app).site_id)
    contact = editing.create(fields, body, api.new_id(app))
    return api.created(ContactResponse.of(contact, fields, optouts.of_contacts(fields.site_id, [contact])))


lambda_handler = api.entry_point(app, scope="contact:write", creates=True)
