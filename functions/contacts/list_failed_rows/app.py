"""GET /contact/contactImportRecords/{id}/failedRows

Download the failed rows of an import as CSV.

The rows are as they were in the file; the last column, `importError`, says what is wrong. Mend them and import the file again.
"""

from tempfile import TemporaryFile

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from outreach import s3
from outreach.http import api, oversized
from outreach.imports import failed_rows_csv, import_objects, import_records
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.get("/contact/contactImportRecords/<id>/failedRows")
def list_failed_rows(id: Guid) -> Response[str | None]:
    record = import_records.get(api.caller(app).site_id, id)
    headers = {"Content-Disposition": failed_rows_csv.DISPOSITION}
    with TemporaryFile() as file:
        failed_rows_csv.write(record, file)
        size = file.tell()
        file.seek(0)
        if size <= oversized.MAX_BYTES:
            return Response(200, failed_rows_csv.CONTENT_TYPE, file.read().decode(), headers=headers)
        key = import_objects.failed_rows_key(record.site_id, record.id)
        s3.files().upload(key, file, failed_rows_csv.CONTENT_TYPE, failed_rows_csv.DISPOSITION)
        return api.see_other(s3.files().download_url(key))


lambda_handler = api.entry_point(app, scope="contact:read")
