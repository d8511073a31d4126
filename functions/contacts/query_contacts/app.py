"""POST /contact/contacts:query

List the contacts that match a filter.

Paging and sorting parameters in the query string override those in the body.
"""

from functools import partial
from typing import Annotated

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Query

from outreach.contacts import field_store
from outreach.contacts.listing import contact_list
from outreach.contacts.listing.contact_list import ContactList, Direction, QueryBody, SortBy
from outreach.contacts.listing.search import Sort
from outreach.http import api, list_results, paging
from outreach.http.paging import MAX_PAGE_SIZE, PageNumber, links
from outreach.wire import Integer

app = APIGatewayRestResolver(**api.OPTIONS)


@app.post("/contact/contacts:query")
def query_contacts(
    body: QueryBody,
    page_index: Annotated[PageNumber | None, Query(alias="pageIndex", ge=1)] = None,
    page_size: Annotated[Integer | None, Query(alias="pageSize", ge=0, le=MAX_PAGE_SIZE)] = None,
    sort_by: Annotated[SortBy | None, Query(alias="sortBy")] = None,
    sort_order: Annotated[Direction | None, Query(alias="sortOrder")] = None,
) -> ContactList:
    site_fields = field_store.load(api.caller(app).site_id)
    page = paging.page(app, page_index or body.page_index, body.page_size if page_size is None else page_size)
    sort = Sort(sort_by or body.sort_by, (sort_order or body.sort_order) == "desc")
    deadline, enforce_search_limit = list_results.response_deadline(app), partial(api.caller(app).enforce_rate_limit, "search")
    contacts, total = contact_list.query_contacts(site_fields, body, page.slice, sort, deadline, enforce_search_limit)
    return ContactList.of(contacts, site_fields, links(app.current_event.raw_event, site_fields.site_id, page, total))


lambda_handler = list_results.entry_point(app, "query_contacts")
