"""GET /contact/contactExportRecords/{id}

Get the status of an export.

A completed export redirects to its file.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from outreach.exports import csv_export
from outreach.exports.schemas import ExportResponse
from outreach.http import api
from outreach.http.job_status import JobStatus
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.get("/contact/contactExportRecords/<id>")
def get_export_record(id: Guid) -> Response[ExportResponse | None]:
    site_id = api.caller(app).site_id
    status = csv_export.status(site_id, id)
    if status is JobStatus.COMPLETED:
        return api.see_other(csv_export.download_url(site_id, id))
    return Response(200, api.JSON, ExportResponse(id=id, status=status))


lambda_handler = api.entry_point(app, scope="contact:read")
