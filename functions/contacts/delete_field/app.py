"""DELETE /contact/fields/{id}

Delete a contact field.

System fields cannot be deleted.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from outreach.contacts import field_store
from outreach.http import api
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.delete("/contact/fields/<id>")
def delete_field(id: Guid) -> Response[None]:
    field_store.delete_field(api.caller(app).site_id, id)
    return api.no_content()


lambda_handler = api.entry_point(app, scope="contact:write")
