"""GET /contact/contacts/{id}

Get a contact.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.contacts import contact_store, field_store, opt_out_status
from outreach.contacts.schemas import ContactResponse
from outreach.http import api
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.get("/contact/contacts/<id>")
def get_contact(id: Guid) -> ContactResponse:
    site_id = api.caller(app).site_id
    contact = contact_store.get(site_id, id)
    return ContactResponse.of(contact, field_store.load(site_id), opt_out_status.opted_out_numbers(site_id, [contact]))


lambda_handler = api.entry_point(app, scope="contact:read")
