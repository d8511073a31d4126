"""POST /contact/contacts

Create a contact.

A contact has a name and at least one identity. Two contacts of a site cannot have the same identity (type and normalised value).
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from outreach.contacts import contact_service, field_store, opt_out_status
from outreach.contacts.schemas import ContactResponse, NewContactBody
from outreach.http import api

app = APIGatewayRestResolver(**api.OPTIONS)


@app.post("/contact/contacts")
def create_contact(body: NewContactBody) -> Response[ContactResponse]:
    site_fields = field_store.load(api.caller(app).site_id)
    contact = contact_service.create(site_fields, body, api.new_id(app))
    opted_out = opt_out_status.opted_out_numbers(site_fields.site_id, [contact])
    return api.created(app, ContactResponse.of(contact, site_fields, opted_out))


lambda_handler = api.entry_point(app, scope="contact:write", idempotent=True)
