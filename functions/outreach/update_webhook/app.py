"""PUT /outreach/webhooks/{id} (docs/api.md, "Events").

Update a webhook.

Absent properties keep their values. What still waits for delivery goes to the new `url`.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.events import webhook_store
from outreach.events.schemas import WebhookResponse, WebhookUpdateBody
from outreach.http import api
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.put("/outreach/webhooks/<id>")
def update_webhook(id: Guid, body: WebhookUpdateBody) -> WebhookResponse:
    return WebhookResponse.of(webhook_store.update(api.caller(app).site_id, id, body.changes()))


lambda_handler = api.entry_point(app, scope="outreach:write")
