"""GET /contact/contacts

List contacts.
"""

from typing import Annotated

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Query

from outreach.contacts import listing, schema
from outreach.contacts.files import later
from outreach.contacts.listing import ContactList, OptionalIdentityType, SortBy
from outreach.contacts.search import Sort
from outreach.http import api, paging
from outreach.http.paging import PageIndex, PageSize, SortOrder, links

app = APIGatewayRestResolver(**api.OPTIONS)


@app.get("/contact/contacts")
def list_contacts(
    keywords: Annotated[str, Query()] = "",
    identity_type: Annotated[OptionalIdentityType, Query(alias="contactIdentityType")] = None,
    identity_value: Annotated[str, Query(alias="contactIdentityValue")] = "",
    page_index: PageIndex = 1,
    page_size: PageSize = 10,
    sort_by: Annotated[SortBy, Query(alias="sortBy")] = "createTime",
    sort_order: SortOrder = "asc",
) -> ContactList:
    fields, page = schema.load(api.caller(app).site_id), paging.page(app, page_index, page_size)
    wanted = listing.Wanted(keywords, identity_type, identity_value)
    event, sort = app.current_event.raw_event, Sort(sort_by, sort_order == "desc")
    contacts, total = listing.contacts(fields, wanted, page.window, sort, later.deadline(app))
    return ContactList.of(contacts, fields, links(event, fields.site_id, page, total))


lambda_handler = later.entry_point(app, "list_contacts")
