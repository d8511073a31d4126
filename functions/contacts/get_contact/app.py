"""GET /contact/contacts/{id}

Get a contact.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.contacts import optouts, schema, store
from outreach.contacts.bodies import ContactResponse
from outreach.http import api
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.get("/contact/contacts/<id>")
def get_contact(id: Guid) -> ContactResponse:
    site_id = api.caller(app).site_id
    contact = store.get(site_id, id)
    return ContactResponse.of(contact, schema.load(site_id), optouts.of_contacts(site_id, [contact]))


lambda_handler = api.entry_point(app, scope="contact:read")
