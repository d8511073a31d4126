"""POST /outreach/messages/{id}:<verb>

redeliver: Deliver the message's callback again, with its newest state.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.callbacks import attempt_log
from outreach.campaigns import message_context
from outreach.http import api
from outreach.message_api.schemas import MessageResponse

app = APIGatewayRestResolver(**api.OPTIONS)

# verb → (function, required scope)
VERBS = {"redeliver": (attempt_log.redeliver, "outreach:write")}


@app.post("/outreach/messages/<segment>")
def act_on_message(segment: str) -> MessageResponse:
    message_id, (act, scope) = api.verb(segment, VERBS)
    caller = api.caller(app)
    caller.require(scope)
    message = act(caller.site_id, message_id)
    record = message_context.records_of(caller.site_id, [message]).get(message.record_id or "")
    return MessageResponse.of(message, record)


lambda_handler = api.entry_point(app, scope=None)
