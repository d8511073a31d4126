"""GET /outreach/campaignRecords/{id}/timeline (docs/api.md, "Campaigns").

Get the counts of a send over time.

The array has at least one entry for each minute in which the send runs; its last entry has the counts at the end, or the newest
ones.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.campaigns import campaign_records, record_counts
from outreach.campaigns.schemas import CountsResponse, SampledCountsResponse
from outreach.http import api, oversized
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.get("/outreach/campaignRecords/<id>/timeline")
def get_record_timeline(id: Guid) -> list[SampledCountsResponse]:
    samples = record_counts.read_timeline(campaign_records.get(api.caller(app).site_id, id))
    return [SampledCountsResponse(time=time, counts=CountsResponse.of(counts)) for time, counts in samples]


lambda_handler = oversized.redirect_oversized(api.entry_point(app, scope="outreach:read"))
