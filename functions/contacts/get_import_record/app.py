"""GET /contact/contactImportRecords/{id}

See how far an import is, and which rows failed.

An extension of the specification.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.contacts.files import importing, records
from outreach.contacts.files.import_bodies import ImportResponse
from outreach.http import api, large
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.get("/contact/contactImportRecords/<id>")
def get_import_record(id: Guid) -> ImportResponse:
    record = records.get(api.caller(app).site_id, id)
    return ImportResponse.of(record, importing.failed_rows(record))


lambda_handler = large.answers(api.entry_point(app, scope="contact:read"))
