"""PUT /contact/contacts/{id}

Change a contact.

What is absent stays. Where `contactIdentities` is given, identities that are left out are removed; where `customFields` is given,
fields that are left out are cleared.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.contacts import editing, optouts, schema
from outreach.contacts.bodies import ContactBody, ContactResponse
from outreach.http import api
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.put("/contact/contacts/<id>")
def update_contact(id: Guid, body: ContactBody) -> ContactResponse:
    fields = schema.load(api.caller(app).site_id)
    contact = editing.update(fields, id, body)
    return ContactResponse.of(contact, fields, optouts.of_contacts(fields.site_id, [contact]))


lambda_handler = api.entry_point(app, scope="contact:write")
