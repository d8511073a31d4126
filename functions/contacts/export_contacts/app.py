"""POST /contact/contacts:export

Export contacts as CSV.

The file (UTF-8 with BOM, RFC 4180) can be imported again. An export that takes longer than 20 seconds is answered with 202, one
of more than 4 MB with a redirection.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from outreach.contacts.files import exporting, objects
from outreach.contacts.files.export_bodies import ExportBody, ExportResponse
from outreach.contacts.files.status import Status
from outreach.contacts.files.waiting import WAIT_SECONDS
from outreach.http import api, large

app = APIGatewayRestResolver(**api.OPTIONS)


@app.post("/contact/contacts:export")
def export_contacts(body: ExportBody) -> Response[str | ExportResponse | None]:
    api.caller(app).slow_down("export")
    site_id, export_id = api.caller(app).site_id, api.new_id(app)
    exporting.request(site_id, export_id, body.selected, body.zone())
    status = exporting.wait(site_id, export_id, WAIT_SECONDS)
    if status is not Status.COMPLETED:
        return api.accepted(ExportResponse(id=export_id, status=status), f"/contact/contactExportRecords/{export_id}")
    if exporting.size(site_id, export_id) > large.MAX_BYTES:
        return api.see_other(exporting.url(site_id, export_id))
    text = objects.get(objects.export_key(site_id, export_id)).decode()
    return Response(200, exporting.CONTENT_TYPE, text, headers={"Content-Disposition": exporting.DISPOSITION})


lambda_handler = api.entry_point(app, scope="contact:read", creates=True)
