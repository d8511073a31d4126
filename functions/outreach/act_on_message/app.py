"""POST /outreach/messages/{id}:<verb> (contract, Paths and Callbacks).

redeliver: Call the message's callback again with its newest state.
    An extension of the specification.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.callbacks import attempts
from outreach.campaigns import joined
from outreach.correspondence.bodies import MessageResponse
from outreach.http import api

app = APIGatewayRestResolver(**api.OPTIONS)

# verb → what it does, and the scope that it takes
VERBS = {"redeliver": (attempts.redeliver, "outreach:write")}


@app.post("/outreach/messages/<segment>")
def act_on_message(segment: str) -> MessageResponse:
    message_id, (act, scope) = api.verb(segment, VERBS)
    who = api.caller(app)
    who.require(scope)
    message = act(who.site_id, message_id)
    record = joined.records_of(who.site_id, [message]).get(message.record_id or "")
    return MessageResponse.of(message, record)


lambda_handler = api.entry_point(app, scope=None)
