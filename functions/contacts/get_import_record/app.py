"""GET /contact/contactImportRecords/{id}

Get the progress of an import, its warnings and its failed rows.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.http import api, oversized
from outreach.imports import import_records
from outreach.imports.schemas import ImportResponse
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.get("/contact/contactImportRecords/<id>")
def get_import_record(id: Guid) -> ImportResponse:
    return ImportResponse.of(import_records.get(api.caller(app).site_id, id))


lambda_handler = oversized.redirect_oversized(api.entry_point(app, scope="contact:read"))
