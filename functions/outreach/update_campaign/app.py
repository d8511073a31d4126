"""PUT /outreach/campaigns/{id} (specification: Update the Outreach Campaign).

Change a campaign.

What is absent stays. What was sent already keeps its own copy of the campaign.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.campaigns import campaigns
from outreach.campaigns.bodies import CampaignResponse, CampaignUpdateBody
from outreach.http import api
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.put("/outreach/campaigns/<id>")
def update_campaign(id: Guid, body: CampaignUpdateBody) -> CampaignResponse:
    return CampaignResponse.of(campaigns.update(api.caller(app).site_id, id, body))


lambda_handler = api.entry_point(app, scope="outreach:write")
