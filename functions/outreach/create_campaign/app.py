"""POST /outreach/campaigns (specification: Create a new Outreach Campaign).

Create a campaign.

With `scheduledStartTime` it starts by itself; without, by `:send`. No conditions mean every contact.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from outreach.campaigns import campaigns
from outreach.campaigns.bodies import CampaignBody, CampaignResponse
from outreach.http import api

app = APIGatewayRestResolver(**api.OPTIONS)


@app.post("/outreach/campaigns")
def create_campaign(body: CampaignBody) -> Response[CampaignResponse]:
    return api.created(CampaignResponse.of(campaigns.create(api.caller(app).site_id, body, api.new_id(app))))


lambda_handler = api.entry_point(app, scope="outreach:write", creates=True)
