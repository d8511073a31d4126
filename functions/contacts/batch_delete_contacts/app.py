"""DELETE /contact/contacts

Delete up to 1,000 contacts.

Give the ids in the query string (repeated or comma-separated) or in the body. Ids that belong to no contact are ignored.
"""

from typing import Annotated

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from outreach.contacts import contact_service
from outreach.contacts.schemas import Ids, IdsBody
from outreach.http import api
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.delete("/contact/contacts")
def batch_delete_contacts(ids: Annotated[Ids | None, Query()] = None, body: IdsBody | list[Guid] | None = None) -> Response[None]:
    ids_in_body = body.ids if isinstance(body, IdsBody) else body
    contact_service.delete_many(api.caller(app).site_id, [*(ids or []), *(ids_in_body or [])])
    return api.no_content()


lambda_handler = api.entry_point(app, scope="contact:write")
