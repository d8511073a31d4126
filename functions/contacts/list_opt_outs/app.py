"""GET /contact/optOuts

List the numbers that must not be texted.

`number` finds one number. `since` takes a day, an instant or a range, like `sentTime` of messages.
"""

from typing import Annotated

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Query

from outreach import periods, text
from outreach.contacts import opt_out_service
from outreach.contacts.opt_out_schemas import OptedOutNumberResponse, OptOutsResponse
from outreach.contacts.opt_out_service import OptOutQuery
from outreach.http import api, list_results, paging
from outreach.http.paging import PageIndex, PageSize, SortOrder

app = APIGatewayRestResolver(**api.OPTIONS)

SortBy = Annotated[str, paging.SortBy(OptedOutNumberResponse), Query(alias="sortBy")]


@app.get("/contact/optOuts")
def list_opt_outs(
    number: Annotated[str, Query()] = "",
    since: Annotated[str, Query()] = "",
    page_index: PageIndex = 1,
    page_size: PageSize = 10,
    sort_by: SortBy = "since",
    sort_order: SortOrder = "asc",
) -> OptOutsResponse:
    site_id, page = api.caller(app).site_id, paging.page(app, page_index, page_size)
    if sort_by == "contactId":
        api.caller(app).enforce_rate_limit("search")  # reads the contact of every number
    query = OptOutQuery(text.normalise(number), periods.parse(since, "/since"))
    opt_outs, total = opt_out_service.page(site_id, query, sort_by, sort_order, page.slice, list_results.response_deadline(app))
    return OptOutsResponse(opt_outs=opt_outs, **paging.links(app.current_event, site_id, page, total))


lambda_handler = list_results.entry_point(app, "list_opt_outs")
