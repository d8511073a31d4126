"""PUT /contact/contacts/{id}

Update a contact.

Absent properties stay as they are. If `contactIdentities` is given, it replaces all identities of the contact. If `customFields`
is given, the fields that it does not contain are cleared.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.contacts import contact_service, field_store, opt_out_status
from outreach.contacts.schemas import ContactBody, ContactResponse
from outreach.http import api
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.put("/contact/contacts/<id>")
def update_contact(id: Guid, body: ContactBody) -> ContactResponse:
    site_fields = field_store.load(api.caller(app).site_id)
    contact = contact_service.update(site_fields, id, body)
    return ContactResponse.of(contact, site_fields, opt_out_status.opted_out_numbers(site_fields.site_id, [contact]))


lambda_handler = api.entry_point(app, scope="contact:write")
