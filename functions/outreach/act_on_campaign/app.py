"""POST /outreach/campaigns/{id}:<verb> (specification: Send the Outreach Campaign; contract, Paths and Campaigns).

send: Send a campaign.
    Answers at once; the audience is frozen and sent to behind it. Each call is a new send with a record of its own.
pause: Pause the newest send.
    Nothing more is handed to the carrier until it is resumed.
resume: Resume the newest send.
cancel: Cancel the newest send.
    Who has no message yet is skipped with the reason `cancelled`.
preview: See what a send would do now.
    Nothing is sent. The sample has up to three messages.
"""

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.campaigns import control, preview, records, sends
from outreach.campaigns.bodies import PreviewResponse, RecordResponse
from outreach.campaigns.records import Record
from outreach.http import api

app = APIGatewayRestResolver(**api.OPTIONS)


def _shown(record: Record) -> RecordResponse:
    return RecordResponse.of(record, records.counts(record))


def _send(site_id: str, campaign_id: str) -> Record:
    api.caller(app).slow_down("send")
    return sends.send(site_id, campaign_id, api.new_id(app))


# verb → what it does, how its result is shown, and the scope that it takes
VERBS: dict[str, tuple[Callable[[str, str], Any], Callable[[Any], RecordResponse | PreviewResponse], str]] = {
    "send": (_send, _shown, "outreach:send"),
    "pause": (control.pause, _shown, "outreach:send"),
    "resume": (control.resume, _shown, "outreach:send"),
    "cancel": (control.cancel, _shown, "outreach:send"),
    "preview": (preview.preview, PreviewResponse.of, "outreach:read"),
}


@app.post("/outreach/campaigns/<segment>")
def act_on_campaign(segment: str) -> RecordResponse | PreviewResponse:
    campaign_id, (act, show, scope) = api.verb(segment, VERBS)
    who = api.caller(app)
    who.require(scope)
    return show(act(who.site_id, campaign_id))


lambda_handler = api.entry_point(app, scope=None, creates=True)
