"""POST /outreach/campaignRecords/{id}:<verb> (docs/api.md, "Campaigns").

export: Export the results of a send as CSV.
    The file (UTF-8 with BOM, RFC 4180) has a row for each contact of the audience. An export that takes more than 20 seconds
    returns 202; one of more than 4 MB redirects to the file.
"""

from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach import s3
from outreach.campaigns import results_export
from outreach.exports import csv_response
from outreach.http import api
from outreach.http.job_status import JobStatus
from outreach.http.list_results import ListResultResponse
from outreach.http.polling import WAIT_SECONDS
from outreach.observability import logger

app = APIGatewayRestResolver(**api.OPTIONS)


def _export(site_id: str, record_id: str) -> Response[Any]:
    api.caller(app).enforce_rate_limit("export")
    export_id = api.new_id(app)
    results_export.request(site_id, record_id, export_id)
    status = results_export.wait_until_finished(site_id, export_id, WAIT_SECONDS)
    if status is not JobStatus.COMPLETED:
        return api.accepted(ListResultResponse(id=export_id, status=status), f"/listResults/{export_id}")
    return csv_response.of_object(results_export.object_key(site_id, export_id), results_export.DISPOSITION)


# verb → (action, required scope)
VERBS = {"export": (_export, "outreach:read")}


@app.post("/outreach/campaignRecords/<segment>")
def act_on_campaign_record(segment: str) -> Response[str | ListResultResponse | None]:
    record_id, (act, scope) = api.verb(segment, VERBS)
    caller = api.caller(app)
    caller.require(scope)
    return act(caller.site_id, record_id)


_gateway_handler = api.entry_point(app, scope=None, idempotent=True)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    if "detail" not in event:
        return _gateway_handler(event, context)
    site_id, export_id = s3.ids_of_created_object(event)
    rows = results_export.write(site_id, export_id)
    logger().info("results exported", export_id=export_id, site_id=site_id, rows=rows)
    return {"export_id": export_id}
