"""POST /contact/contacts:export

Export all contacts, the selected ones, or those that match a filter and keywords, as CSV.

The file (UTF-8 with BOM, RFC 4180) can be imported again. An export that takes more than 20 seconds returns 202; one of
more than 4 MB redirects to the file.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from outreach.exports import csv_export, csv_response
from outreach.exports.schemas import ExportBody, ExportResponse
from outreach.http import api
from outreach.http.job_status import JobStatus
from outreach.http.polling import WAIT_SECONDS

app = APIGatewayRestResolver(**api.OPTIONS)


@app.post("/contact/contacts:export")
def export_contacts(body: ExportBody) -> Response[str | ExportResponse | None]:
    api.caller(app).enforce_rate_limit("export")
    site_id, export_id = api.caller(app).site_id, api.new_id(app)
    csv_export.request(site_id, export_id, body.selected, body.filter(), body.zone(), body.keywords or "")
    status = csv_export.wait_until_finished(site_id, export_id, WAIT_SECONDS)
    if status is not JobStatus.COMPLETED:
        return api.accepted(ExportResponse(id=export_id, status=status), f"/contact/contactExportRecords/{export_id}")
    return csv_response.of_object(csv_export.object_key(site_id, export_id), csv_export.DISPOSITION)


lambda_handler = api.entry_point(app, scope="contact:read", idempotent=True)
