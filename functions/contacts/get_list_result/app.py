"""GET /listResults/{id}

See how far a list is that took too long to be answered at once.

One that is done redirects to its answer, a list of contacts. An extension of the specification.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from outreach.contacts.files import later
from outreach.contacts.files.later import ListResultResponse
from outreach.contacts.files.status import Status
from outreach.http import api
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.get("/listResults/<id>")
def get_list_result(id: Guid) -> Response[ListResultResponse | None]:
    site_id = api.caller(app).site_id
    status = later.status(site_id, id)
    if status is Status.COMPLETED:
        return api.see_other(later.url(site_id, id))
    return Response(200, api.JSON, ListResultResponse(id=id, status=status))


lambda_handler = api.entry_point(app, scope="contact:read")
