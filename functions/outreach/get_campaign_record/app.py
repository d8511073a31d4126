"""GET /outreach/campaignRecords/{id} (contract, Campaigns, records, messages).

See how far a send is.

From the moment at which the audience is frozen, the counts add up to it. An extension of the specification.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.campaigns import records
from outreach.campaigns.bodies import RecordResponse
from outreach.http import api
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.get("/outreach/campaignRecords/<id>")
def get_campaign_record(id: Guid) -> RecordResponse:
    record = records.get(api.caller(app).site_id, id)
    return RecordResponse.of(record, records.counts(record))


lambda_handler = api.entry_point(app, scope="outreach:read")
