"""POST /contact/contacts:import

Import contacts from a CSV or XLSX file.

Three ways: the file itself as a form, the URL of one, or `size` (bytes) of one of up to 100 MB, which is then uploaded by PUT
to the answer's `uploadUrl`. What isn't done after 20 seconds is answered with 202 and goes on.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import UploadFile

from outreach.contacts.files import importing, records, uploads
from outreach.contacts.files.import_bodies import ImportBody, ImportResponse
from outreach.contacts.files.records import ImportRecord
from outreach.contacts.files.status import Status
from outreach.contacts.files.waiting import WAIT_SECONDS
from outreach.errors import FieldError, ValidationFailed
from outreach.http import api, large, problems
from outreach.observability import logger

app = APIGatewayRestResolver(**api.OPTIONS)


@app.post("/contact/contacts:import")
def import_contacts(body: ImportBody) -> Response[ImportResponse]:
    api.caller(app).slow_down("import")
    site_id, import_id = api.caller(app).site_id, api.new_id(app)
    duplicates, upload = body.duplicate_control_option, body.upload_file
    if isinstance(upload, UploadFile):
        return _answer(uploads.of_file(site_id, import_id, upload.content, duplicates))
    if upload:
        return _answer(uploads.of_url(site_id, import_id, upload, duplicates))
    if body.size is None:
        raise ValidationFailed.at("/uploadFile", "is required; or size, for a file that will be uploaded")
    record, url = uploads.announced(site_id, import_id, body.size, duplicates)
    return api.accepted(ImportResponse.of(record, [], url), _location(record))


def _answer(begun: ImportRecord) -> Response[ImportResponse]:
    record = records.wait(begun.site_id, begun.id, WAIT_SECONDS)
    if record.status is Status.FAILED:
        raise ValidationFailed(*(FieldError("/uploadFile", message) for message in record.errors))
    if not record.is_over:
        return api.accepted(ImportResponse.of(record, []), _location(record))
    return Response(200, api.JSON, ImportResponse.of(record, importing.failed_rows(record)))


def _location(record: ImportRecord) -> str:
    return f"/contact/contactImportRecords/{record.id}"


@app.exception_handler(ValueError)  # type: ignore[untyped-decorator]
def malformed(_: ValueError) -> Response[str]:
    """What the resolver raises for a form without a boundary, or with headers that are no text."""
    logger().warning("form refused", exc_info=True)
    return problems.response(ValidationFailed.at("", "is no form that can be read"), app.current_event.request_context.request_id)


lambda_handler = large.answers(api.entry_point(app, scope="contact:write", creates=True, takes_forms=True))
