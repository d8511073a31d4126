"""DELETE /outreach/campaigns/{id} (docs/api.md, "Campaigns").

Delete a campaign.

The records and messages of the campaign stay readable.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from outreach.campaigns import campaign_service
from outreach.http import api
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.delete("/outreach/campaigns/<id>")
def delete_campaign(id: Guid) -> Response[None]:
    campaign_service.delete(api.caller(app).site_id, id)
    return api.no_content()


lambda_handler = api.entry_point(app, scope="outreach:write")
