"""POST /contact/contacts:import

Import contacts from a CSV or XLSX file.

There are three ways to give the file: upload it as a form; give its URL; or give its `size` in bytes, up to 100 MB, and then
PUT it to the response's `uploadUrl`. An import that takes more than 20 seconds returns 202 and continues in the
background. With `dryRun`, the response says what the import would do, and no contact changes.
"""

from email.message import Message
from functools import partial

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import UploadFile

from outreach.contacts import field_store
from outreach.errors import FieldError, ValidationFailed
from outreach.http import api, forms, oversized
from outreach.http.job_status import JobStatus
from outreach.http.polling import WAIT_SECONDS
from outreach.imports import import_records, uploads
from outreach.imports.columns import Columns
from outreach.imports.import_options import ImportOptions
from outreach.imports.import_records import ImportRecord
from outreach.imports.schemas import ImportBody, ImportResponse
from outreach.observability import logger

app = APIGatewayRestResolver(**api.OPTIONS)


@app.post("/contact/contacts:import")
def import_contacts(body: ImportBody) -> Response[ImportResponse]:
    api.caller(app).enforce_rate_limit("import")
    site_id, import_id = api.caller(app).site_id, api.new_id(app)
    upload = body.upload_file
    options, file_name = body.options(*_charset(upload)), body.name_of_file()
    _require_known_columns(site_id, options)
    if isinstance(upload, UploadFile):
        return _respond(uploads.import_file(site_id, import_id, upload.content, options, file_name))
    if upload:
        return _respond(uploads.import_url(site_id, import_id, upload, options, file_name))
    if body.size is None:
        raise ValidationFailed.at("/uploadFile", "is required; to upload the file later, give its size instead")
    record, url = uploads.await_upload(site_id, import_id, body.size, options, file_name)
    return api.accepted(ImportResponse.of(record, url), _location(record))


def _require_known_columns(site_id: str, options: ImportOptions) -> None:
    if options.columns:
        Columns.of(field_store.load(site_id), options)


def _charset(upload: UploadFile | str | None) -> list[str]:
    """The encoding that the Content-Type of a form's file names (RFC 7578, section 4.5), if any."""
    if not isinstance(upload, UploadFile) or not upload.content_type:
        return []
    headers = Message()
    headers["Content-Type"] = upload.content_type
    charset = headers.get_content_charset()
    return [charset] if charset else []


def _respond(started: ImportRecord) -> Response[ImportResponse]:
    try:
        record = import_records.wait_until_finished(started.site_id, started.id, WAIT_SECONDS)
    except Exception:
        # The import runs; an error would make the client import the file a second time.
        logger().exception("the import cannot be read", import_id=started.id)
        record = started
    if record.status is JobStatus.FAILED:
        errors = (FieldError("/uploadFile", message) for message in record.errors)
        raise ValidationFailed(*errors, members={"suggestedColumns": dict(record.suggested_columns)})
    if not record.is_finished:
        return api.accepted(ImportResponse.of(record), _location(record))
    return Response(200, api.JSON, ImportResponse.of(record))


def _location(record: ImportRecord) -> str:
    return f"/contact/contactImportRecords/{record.id}"


lambda_handler = oversized.redirect_oversized(
    api.entry_point(
        app,
        scope="contact:write",
        idempotent=True,
        parse_form=partial(forms.parse, model=ImportBody, file="uploadFile"),
    )
)
