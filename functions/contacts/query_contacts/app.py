"""POST /contact/contacts:query"""

from typing import Annotated

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Query

from outreach.contacts import listing, schema
from outreach.contacts.listing import ContactList, QueryBody, SortBy
from outreach.contacts.search import Sort
from outreach.http import api
from outreach.http.paging import Page, PageIndex, PageSize, SortOrder, links

app = APIGatewayRestResolver(**api.OPTIONS)


@app.post("/contact/contacts:query")
def query_contacts(
    body: QueryBody,
    page_index: PageIndex | None = None,
    page_size: PageSize | None = None,
    sort_by: Annotated[SortBy | None, Query(alias="sortBy")] = None,
    sort_order: SortOrder | None = None,
) -> ContactList:
    fields = schema.load(api.caller(app).site_id)
    page = Page(page_index or body.page_index, body.page_size if page_size is None else page_size)
    sort = Sort(sort_by or body.sort_by, (sort_order or body.sort_order) == "desc")
    contacts, total = listing.query(fields, body, page.window, sort)
    return ContactList.of(contacts, fields, links(app.current_event.raw_event, fields.site_id, page, total))


lambda_handler = api.entry_point(app, scope="contact:read")
