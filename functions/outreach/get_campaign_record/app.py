"""GET /outreach/campaignRecords/{id} (docs/api.md, "Campaigns").

Get the progress of a send.

Once the audience is frozen, the counts add up to `audience`. `replies` and `optOuts` are those of the contacts that answered a
message of this send, and `failures` are the most frequent reasons of failed and undelivered messages.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.campaigns import campaign_records, results, snapshot_store
from outreach.campaigns.schemas import RecordResponse
from outreach.http import api
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.get("/outreach/campaignRecords/<id>")
def get_campaign_record(id: Guid) -> RecordResponse:
    site_id = api.caller(app).site_id
    record = campaign_records.get(site_id, id)
    return RecordResponse.of(record, results.of(record), snapshot_store.get(site_id, id))


lambda_handler = api.entry_point(app, scope="outreach:read")
