"""POST /contact/contacts:query

List the contacts that a filter leaves.

Paging and sorting may also stand in the query string, where they win over the body.
"""

from typing import Annotated

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Query

from outreach.contacts import listing, schema
from outreach.contacts.files import later
from outreach.contacts.listing import ContactList, Direction, QueryBody, SortBy
from outreach.contacts.search import Sort
from outreach.http import api, paging
from outreach.http.paging import MAX_PAGE_SIZE, links
from outreach.wire import Integer

app = APIGatewayRestResolver(**api.OPTIONS)


@app.post("/contact/contacts:query")
def query_contacts(
    body: QueryBody,
    page_index: Annotated[Integer | None, Query(alias="pageIndex", ge=1)] = None,
    page_size: Annotated[Integer | None, Query(alias="pageSize", ge=0, le=MAX_PAGE_SIZE)] = None,
    sort_by: Annotated[SortBy | None, Query(alias="sortBy")] = None,
    sort_order: Annotated[Direction | None, Query(alias="sortOrder")] = None,
) -> ContactList:
    fields = schema.load(api.caller(app).site_id)
    page = paging.page(app, page_index or body.page_index, body.page_size if page_size is None else page_size)
    sort = Sort(sort_by or body.sort_by, (sort_order or body.sort_order) == "desc")
    event = app.current_event.raw_event
    contacts, total = listing.query(fields, body, page.window, sort, later.deadline(app))
    return ContactList.of(contacts, fields, links(event, fields.site_id, page, total))


lambda_handler = later.entry_point(app, "query_contacts")
