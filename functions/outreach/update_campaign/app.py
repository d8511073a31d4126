"""PUT /outreach/campaigns/{id} (docs/api.md, "Campaigns").

Update a campaign.

Absent properties keep their values. Earlier sends keep their own copy of the campaign.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.campaigns import campaign_service
from outreach.campaigns.schemas import CampaignResponse, CampaignUpdateBody
from outreach.http import api
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.put("/outreach/campaigns/<id>")
def update_campaign(id: Guid, body: CampaignUpdateBody) -> CampaignResponse:
    return CampaignResponse.of(campaign_service.update(api.caller(app).site_id, id, body))


lambda_handler = api.entry_point(app, scope="outreach:write")
