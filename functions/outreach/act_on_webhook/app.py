"""POST /outreach/webhooks/{id}:<verb> (docs/api.md, "Events").

test: Send a test event to a webhook.
    Posts an event of the type `webhook.test`, also while the endpoint is down. The attempts of the webhook show the result.
rotateSecret: Replace the secret of a webhook.
    The response shows the new secret, which is not shown again. The old one also signs for 24 hours.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.callbacks import event_publisher
from outreach.events import webhook_store
from outreach.events.schemas import WebhookResponse, WebhookWithSecretResponse
from outreach.http import api
from outreach.sites import secrets

app = APIGatewayRestResolver(**api.OPTIONS)


def _test(site_id: str, webhook_id: str) -> WebhookResponse:
    webhook = webhook_store.get(site_id, webhook_id)
    response = WebhookResponse.of(webhook)
    event_publisher.publish_test(webhook, api.new_id(app), response.model_dump(mode="json", by_alias=True))
    return response


def _rotate_secret(site_id: str, webhook_id: str) -> WebhookWithSecretResponse:
    secret_id = api.new_id(app)
    webhook = webhook_store.rotate_secret(site_id, webhook_id, secret_id)
    return WebhookWithSecretResponse.with_secret(webhook, secrets.webhook_secret(site_id, webhook_id, secret_id))


# The action of each verb, and the scope that it requires.
VERBS = {"test": (_test, "outreach:send"), "rotateSecret": (_rotate_secret, "outreach:write")}


@app.post("/outreach/webhooks/<segment>")
def act_on_webhook(segment: str) -> WebhookWithSecretResponse | WebhookResponse:
    webhook_id, (act, scope) = api.verb(segment, VERBS)
    caller = api.caller(app)
    caller.require(scope)
    return act(caller.site_id, webhook_id)


lambda_handler = api.entry_point(app, scope=None, idempotent=True, find_secret=secrets.find_webhook_secret)
