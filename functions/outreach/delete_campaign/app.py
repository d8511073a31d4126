"""DELETE /outreach/campaigns/{id} (specification: Delete the Outreach Campaign).

Delete a campaign.

Its records and messages stay readable.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from outreach.campaigns import campaigns
from outreach.http import api
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.delete("/outreach/campaigns/<id>")
def delete_campaign(id: Guid) -> Response[None]:
    campaigns.delete(api.caller(app).site_id, id)
    return api.no_content()


lambda_handler = api.entry_point(app, scope="outreach:write")
