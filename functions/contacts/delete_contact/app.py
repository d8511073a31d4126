"""DELETE /contact/contacts/{id}

Delete a contact.

Contacts that were merged into it are deleted too.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from outreach.contacts import contact_service
from outreach.http import api
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.delete("/contact/contacts/<id>")
def delete_contact(id: Guid) -> Response[None]:
    contact_service.delete(api.caller(app).site_id, id)
    return api.no_content()


lambda_handler = api.entry_point(app, scope="contact:write")
