"""GET /outreach/campaignRecords/{id}/skipped (contract, Campaigns, records, messages).

List who got no message, and why.

An extension of the specification.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.campaigns import records, skipped
from outreach.campaigns.bodies import SkippedContactResponse, SkippedContactsResponse
from outreach.http import api, large, paging
from outreach.http.paging import PageIndex, PageSize
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.get("/outreach/campaignRecords/<id>/skipped")
def list_skipped_contacts(id: Guid, page_index: PageIndex = 1, page_size: PageSize = 10) -> SkippedContactsResponse:
    site_id = api.caller(app).site_id
    page = paging.page(app, page_index, page_size)
    places = skipped.places(records.get(site_id, id))
    return SkippedContactsResponse(
        skipped=[
            SkippedContactResponse(contact_id=contact_id, reason=reason)
            for contact_id, reason in skipped.contacts(site_id, id, places[page.window])
        ],
        **paging.links(app.current_event, site_id, page, len(places)),
    )


lambda_handler = large.answers(api.entry_point(app, scope="outreach:read"))
