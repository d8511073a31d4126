"""GET /contact/contactExportRecords/{id}

See how far an export is.

One that is done redirects to its file. An extension of the specification.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from outreach.contacts.files import exporting
from outreach.contacts.files.export_bodies import ExportResponse
from outreach.contacts.files.status import Status
from outreach.http import api
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.get("/contact/contactExportRecords/<id>")
def get_export_record(id: Guid) -> Response[ExportResponse | None]:
    site_id = api.caller(app).site_id
    status = exporting.status(site_id, id)
    if status is Status.COMPLETED:
        return api.see_other(exporting.url(site_id, id))
    return Response(200, api.JSON, ExportResponse(id=id, status=status))


lambda_handler = api.entry_point(app, scope="contact:read")
