"""POST /contact/contactImportRecords/{id}:<verb>

undo: Take an import back.
    The contacts that the import created are deleted, and those that it changed are restored, for 30 days. A contact that has
    changed since is kept as it is. An undo that takes more than 20 seconds is answered with 202 and continues in the background;
    repeat the request for its counts.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from outreach.http import api
from outreach.http.polling import WAIT_SECONDS
from outreach.imports import import_records, import_undo
from outreach.imports.import_records import ImportRecord
from outreach.imports.schemas import ImportSummary, UndoResponse

app = APIGatewayRestResolver(**api.OPTIONS)


def _counts(record: ImportRecord) -> UndoResponse:
    return UndoResponse(deleted=record.deleted, restored=record.restored, kept=record.kept)


# verb → (function, response, required scope)
VERBS = {"undo": (import_undo.start, _counts, "contact:write")}


@app.post("/contact/contactImportRecords/<segment>")
def act_on_import_record(segment: str) -> Response[UndoResponse | ImportSummary]:
    import_id, (act, respond, scope) = api.verb(segment, VERBS)
    caller = api.caller(app)
    caller.require(scope)
    started = act(caller.site_id, import_id)
    record = import_records.wait_until_finished(caller.site_id, started.id, WAIT_SECONDS)
    if not record.is_undone:
        return api.accepted(ImportSummary.of(record), f"/contact/contactImportRecords/{record.id}")
    return Response(200, api.JSON, respond(record))


lambda_handler = api.entry_point(app, scope=None)
