"""GET /outreach/messages/{id}/callbackAttempts: the log of a message's callbacks, an extension.

List the attempts to call back about a message.

An extension of the specification.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.callbacks import attempts
from outreach.callbacks.bodies import AttemptResponse, AttemptsResponse
from outreach.http import api, paging
from outreach.http.paging import PageIndex, PageSize, SortOrder
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.get("/outreach/messages/<id>/callbackAttempts")
def list_callback_attempts(
    id: Guid, page_index: PageIndex = 1, page_size: PageSize = 10, sort_order: SortOrder = "asc"
) -> AttemptsResponse:
    site_id = api.caller(app).site_id
    page = paging.page(app, page_index, page_size)
    found = attempts.of_message(site_id, id)
    ordered = found[::-1] if sort_order == "desc" else found
    return AttemptsResponse(
        attempts=[AttemptResponse.of(attempt) for attempt in ordered[page.window]],
        **paging.links(app.current_event, site_id, page, len(found)),
    )


lambda_handler = api.entry_point(app, scope="outreach:read")
