"""POST /outreach/campaigns (docs/api.md, "Campaigns").

Create a campaign.

A campaign with a `scheduledStartTime` starts at that time. `:send` starts any campaign at once. Without filter conditions, the
campaign goes to every contact.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from outreach.campaigns import campaign_service
from outreach.campaigns.schemas import CampaignBody, CampaignResponse
from outreach.http import api

app = APIGatewayRestResolver(**api.OPTIONS)


@app.post("/outreach/campaigns")
def create_campaign(body: CampaignBody) -> Response[CampaignResponse]:
    return api.created(app, CampaignResponse.of(campaign_service.create(api.caller(app).site_id, body, api.new_id(app))))


lambda_handler = api.entry_point(app, scope="outreach:write", idempotent=True)
