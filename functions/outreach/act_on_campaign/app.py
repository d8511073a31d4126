"""POST /outreach/campaigns/{id}:<verb> (docs/api.md, "Campaigns").

send: Send a campaign.
    Responds at once; the send runs in the background. Each call starts a new send with its own record. With `failedOf`, the send
    goes only to the contacts whose message in that record is `failed` or `undelivered`.
pause: Pause the send.
    It is the newest send that is not over. No further messages are handed to the carrier until the send is resumed.
resume: Resume the send.
    It is the newest send that is not over.
cancel: Cancel the send.
    It is the newest send that is not over. Contacts whose message is not with the carrier yet are skipped with the reason
    `cancelled`.
preview: Preview a send.
    Nothing is sent. The forecast applies everything that a send now would apply. With `failedOf`, it is about that send. The
    sample has up to three messages.
test: Send a test of the campaign.
    The text, rendered for one contact, goes to one number as a single message that belongs to no record. Without `contactId`, it
    is rendered for the first contact of the audience. A number that has opted out gets nothing; the message is then `failed`.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.campaigns import lifecycle, preview, results, send_start, snapshot_store
from outreach.campaigns.campaign_records import CampaignRecord
from outreach.campaigns.schemas import CampaignTestBody, PreviewResponse, RecordResponse, SendBody
from outreach.http import api, list_results
from outreach.message_api import campaign_test_message
from outreach.message_api.schemas import MessageResponse
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)

# The scope that each verb requires.
SCOPES = {
    "send": "outreach:send",
    "pause": "outreach:send",
    "resume": "outreach:send",
    "cancel": "outreach:send",
    "preview": "outreach:read",
    "test": "outreach:send",
}


def _response(record: CampaignRecord) -> RecordResponse:
    return RecordResponse.of(record, results.of(record), snapshot_store.get(record.site_id, record.id))


@app.post("/outreach/campaigns/<id>:send")
def send(id: Guid, body: SendBody | None = None) -> RecordResponse:
    caller = api.caller(app)
    caller.enforce_rate_limit("send")
    record, campaign = send_start.send(caller.site_id, id, api.new_id(app), body.failed_of if body else None)
    return RecordResponse.of(record, results.of(record), campaign)


@app.post("/outreach/campaigns/<id>:pause")
def pause(id: Guid) -> RecordResponse:
    return _response(lifecycle.pause(api.caller(app).site_id, id))


@app.post("/outreach/campaigns/<id>:resume")
def resume(id: Guid) -> RecordResponse:
    return _response(lifecycle.resume(api.caller(app).site_id, id))


@app.post("/outreach/campaigns/<id>:cancel")
def cancel(id: Guid) -> RecordResponse:
    return _response(lifecycle.cancel(api.caller(app).site_id, id))


@app.post("/outreach/campaigns/<id>:preview")
def preview_send(id: Guid, body: SendBody | None = None) -> PreviewResponse:
    caller = api.caller(app)
    caller.enforce_rate_limit("preview")
    deadline = list_results.response_deadline(app)
    return PreviewResponse.of(preview.preview(caller.site_id, id, body.failed_of if body else None, deadline))


@app.post("/outreach/campaigns/<id>:test")
def test(id: Guid, body: CampaignTestBody) -> MessageResponse:
    caller = api.caller(app)
    caller.enforce_rate_limit("message")
    return MessageResponse.of(campaign_test_message.send(caller.site_id, id, body, api.new_id(app)), None)


lambda_handler = list_results.entry_point(app, "act_on_campaign", scopes=SCOPES, idempotent=True)
