"""GET /outreach/campaigns/{id} (docs/api.md, "Campaigns").

Get a campaign.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.campaigns import campaign_store
from outreach.campaigns.schemas import CampaignResponse
from outreach.http import api
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.get("/outreach/campaigns/<id>")
def get_campaign(id: Guid) -> CampaignResponse:
    return CampaignResponse.of(campaign_store.get(api.caller(app).site_id, id))


lambda_handler = api.entry_point(app, scope="outreach:read")
