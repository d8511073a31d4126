"""GET /contact/contactImportRecords

List the imports, newest first.

Dry runs are not listed.
"""

from typing import Annotated

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Query

from outreach.http import api, oversized, paging
from outreach.http.paging import PageIndex, PageSize, SortOrder
from outreach.imports import import_records
from outreach.imports.schemas import ImportsResponse, ImportSummary

app = APIGatewayRestResolver(**api.OPTIONS)

SortBy = Annotated[str, paging.SortBy(ImportSummary), Query(alias="sortBy")]


@app.get("/contact/contactImportRecords")
def list_import_records(
    page_index: PageIndex = 1, page_size: PageSize = 10, sort_by: SortBy = "createTime", sort_order: SortOrder = "desc"
) -> ImportsResponse:
    site_id, page = api.caller(app).site_id, paging.page(app, page_index, page_size)
    summaries = paging.sort(map(ImportSummary.of, import_records.list_imports(site_id)), sort_by, sort_order)
    return ImportsResponse(
        contact_import_records=summaries[page.slice], **paging.links(app.current_event, site_id, page, len(summaries))
    )


lambda_handler = oversized.redirect_oversized(api.entry_point(app, scope="contact:read"))
