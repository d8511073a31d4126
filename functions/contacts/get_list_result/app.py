"""GET /listResults/{id}

See how far a list is that took too long to be answered at once.

One that is done redirects to its answer. It needs the scope that the list needed. An extension of the specification.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from outreach.contacts.files import later, objects
from outreach.contacts.files.later import ListResultResponse
from outreach.contacts.files.status import Status
from outreach.http import api
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.get("/listResults/<id>")
def get_list_result(id: Guid) -> Response[ListResultResponse | None]:
    status, key = later.find(api.caller(app), id)
    if status is Status.COMPLETED:
        return api.see_other(objects.url(key))
    return Response(200, api.JSON, ListResultResponse(id=id, status=status))


lambda_handler = api.entry_point(app, scope=None)  # that of the list
