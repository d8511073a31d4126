"""POST /outreach/campaigns/{id}:<verb> (specification: Send the Outreach Campaign; contract, Paths)."""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.campaigns import campaigns, control, records
from outreach.campaigns.bodies import RecordResponse
from outreach.http import api

app = APIGatewayRestResolver(**api.OPTIONS)

# verb → what it does, and the scope that it takes
VERBS = {
    "send": (campaigns.send, "outreach:send"),
    "pause": (control.pause, "outreach:send"),
    "resume": (control.resume, "outreach:send"),
    "cancel": (control.cancel, "outreach:send"),
}


@app.post("/outreach/campaigns/<segment>")
def act_on_campaign(segment: str) -> RecordResponse:
    campaign_id, (act, scope) = api.verb(segment, VERBS)
    who = api.caller(app)
    who.require(scope)
    record = act(who.site_id, campaign_id)
    return RecordResponse.of(record, records.counts(record))


lambda_handler = api.entry_point(app, scope=None)
