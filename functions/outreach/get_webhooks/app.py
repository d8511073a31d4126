"""GET /outreach/webhooks, GET /outreach/webhooks/{id}, GET /outreach/webhooks/{id}/attempts (docs/api.md, "Events").

Each route has a function, whose docstring describes it.
"""

from typing import Annotated

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Query

from outreach.callbacks import attempt_log
from outreach.callbacks.schemas import WebhookAttemptResponse, WebhookAttemptsResponse
from outreach.events import webhook_store
from outreach.events.schemas import WebhookResponse, WebhooksResponse
from outreach.http import api, paging
from outreach.http.paging import PageIndex, PageSize, SortOrder
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)

SortWebhooksBy = Annotated[str, paging.SortBy(WebhookResponse), Query(alias="sortBy")]
SortAttemptsBy = Annotated[str, paging.SortBy(WebhookAttemptResponse), Query(alias="sortBy")]


@app.get("/outreach/webhooks")
def list_webhooks(
    page_index: PageIndex = 1, page_size: PageSize = 10, sort_by: SortWebhooksBy = "createTime", sort_order: SortOrder = "asc"
) -> WebhooksResponse:
    """List the webhooks."""
    site_id, page = api.caller(app).site_id, paging.page(app, page_index, page_size)
    ordered = paging.sort(map(WebhookResponse.of, webhook_store.list_webhooks(site_id)), sort_by, sort_order)
    return WebhooksResponse(webhooks=ordered[page.slice], **paging.links(app.current_event, site_id, page, len(ordered)))


@app.get("/outreach/webhooks/<id>")
def get_webhook(id: Guid) -> WebhookResponse:
    """Get a webhook."""
    return WebhookResponse.of(webhook_store.get(api.caller(app).site_id, id))


@app.get("/outreach/webhooks/<id>/attempts")
def list_webhook_attempts(
    id: Guid,
    page_index: PageIndex = 1,
    page_size: PageSize = 10,
    sort_by: SortAttemptsBy = "time",
    sort_order: SortOrder = "desc",
) -> WebhookAttemptsResponse:
    """List the attempts to deliver events to a webhook, newest first.

    The list has the attempts of the last 30 days, of the 1,000 events that were attempted last.
    """
    site_id, page = api.caller(app).site_id, paging.page(app, page_index, page_size)
    attempts = map(WebhookAttemptResponse.of, attempt_log.list_webhook_attempts(site_id, id))
    ordered = paging.sort(attempts, sort_by, sort_order)
    return WebhookAttemptsResponse(attempts=ordered[page.slice], **paging.links(app.current_event, site_id, page, len(ordered)))


lambda_handler = api.entry_point(app, scope="outreach:read")
