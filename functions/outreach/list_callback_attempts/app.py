"""GET /outreach/messages/{id}/callbackAttempts

List the attempts to deliver a message's callbacks.
"""

from typing import Annotated

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Query

from outreach.callbacks import attempt_log
from outreach.callbacks.schemas import AttemptResponse, AttemptsResponse
from outreach.http import api, paging
from outreach.http.paging import PageIndex, PageSize, SortOrder
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)

SortBy = Annotated[str, paging.SortBy(AttemptResponse), Query(alias="sortBy")]


@app.get("/outreach/messages/<id>/callbackAttempts")
def list_callback_attempts(
    id: Guid,
    page_index: PageIndex = 1,
    page_size: PageSize = 10,
    sort_by: SortBy = "time",
    sort_order: SortOrder = "asc",
) -> AttemptsResponse:
    site_id = api.caller(app).site_id
    page = paging.page(app, page_index, page_size)
    attempts = [AttemptResponse.of(attempt) for attempt in attempt_log.list_attempts(site_id, id)]
    ordered = paging.sort(attempts, sort_by, sort_order)
    return AttemptsResponse(attempts=ordered[page.slice], **paging.links(app.current_event, site_id, page, len(ordered)))


lambda_handler = api.entry_point(app, scope="outreach:read")
