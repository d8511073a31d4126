"""GET /contact/contacts

List contacts.
"""

from functools import partial
from typing import Annotated

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Query

from outreach.contacts import field_store
from outreach.contacts.listing import contact_list
from outreach.contacts.listing.contact_list import ContactList, SortBy
from outreach.contacts.listing.search import Sort
from outreach.contacts.schemas import OptionalIdentityType
from outreach.http import api, list_results, paging
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
    site_fields, page = field_store.load(api.caller(app).site_id), paging.page(app, page_index, page_size)
    query = contact_list.ContactQuery(keywords, identity_type, identity_value)
    sort, deadline = Sort(sort_by, sort_order == "desc"), list_results.response_deadline(app)
    enforce_search_limit = partial(api.caller(app).enforce_rate_limit, "search")
    contacts, total = contact_list.list_contacts(site_fields, query, page.slice, sort, deadline, enforce_search_limit)
    return ContactList.of(contacts, site_fields, links(app.current_event.raw_event, site_fields.site_id, page, total))


lambda_handler = list_results.entry_point(app, "list_contacts")
