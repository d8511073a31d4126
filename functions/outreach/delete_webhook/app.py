"""DELETE /outreach/webhooks/{id} (docs/api.md, "Events").

Delete a webhook.

What still waits for delivery to it is dropped.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from outreach.events import webhook_store
from outreach.http import api
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.delete("/outreach/webhooks/<id>")
def delete_webhook(id: Guid) -> Response[None]:
    webhook_store.delete(api.caller(app).site_id, id)
    return api.no_content()


lambda_handler = api.entry_point(app, scope="outreach:write")
