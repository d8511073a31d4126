"""GET /contact/fields

List the contact fields, system fields included, by default in their `order`.
"""

from typing import Annotated

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Query

from outreach.contacts import field_store
from outreach.contacts.schemas import FieldResponse
from outreach.http import api, paging
from outreach.http.paging import SortOrder

app = APIGatewayRestResolver(**api.OPTIONS)

SortBy = Annotated[str, paging.SortBy(FieldResponse), Query(alias="sortBy")]


@app.get("/contact/fields")
def list_fields(sort_by: SortBy = "order", sort_order: SortOrder = "asc") -> list[FieldResponse]:
    fields = field_store.load(api.caller(app).site_id).fields
    return paging.sort(map(FieldResponse.of, fields), sort_by, sort_order)


lambda_handler = api.entry_point(app, scope="contact:read")
