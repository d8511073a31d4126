"""GET /contact/contactIdentities/{id}

Get an identity of a contact.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.contacts import contact_store
from outreach.contacts.schemas import IdentityResponse
from outreach.http import api
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.get("/contact/ContactIdentities/<id>", include_in_schema=False)
@app.get("/contact/contactIdentities/<id>")
def get_contact_identity(id: Guid) -> IdentityResponse:
    return IdentityResponse.of(*contact_store.get_identity(api.caller(app).site_id, id))


lambda_handler = api.entry_point(app, scope="contact:read")
