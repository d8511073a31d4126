"""POST /outreach/webhooks (docs/api.md, "Events").

Create a webhook, which subscribes to events.

The response shows the secret that signs the requests to `url`. It is not shown again.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from outreach.events import webhook_store
from outreach.events.schemas import WebhookBody, WebhookWithSecretResponse
from outreach.http import api
from outreach.sites import secrets

app = APIGatewayRestResolver(**api.OPTIONS)


@app.post("/outreach/webhooks")
def create_webhook(body: WebhookBody) -> Response[WebhookWithSecretResponse]:
    site_id, webhook_id = api.caller(app).site_id, api.new_id(app)
    webhook = webhook_store.create(body.webhook(site_id, webhook_id))
    secret = secrets.webhook_secret(site_id, webhook_id, webhook_id)
    return api.created(app, WebhookWithSecretResponse.with_secret(webhook, secret))


lambda_handler = api.entry_point(app, scope="outreach:write", idempotent=True, find_secret=secrets.find_webhook_secret)
