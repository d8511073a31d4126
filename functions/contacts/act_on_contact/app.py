"""POST /contact/contacts/{id}:<verb> (specification: Merge Contacts; contract, Paths).

merge: Merge another contact into this one.
    Its identities move here, its custom fields fill what is empty here, and its messages are listed here. It stays readable, with
    `mergeToContactId`, and is in no list, query, export or send.
"""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from pydantic import AfterValidator

from outreach.contacts import editing
from outreach.contacts.bodies import MergeBody
from outreach.http import api

app = APIGatewayRestResolver(**api.OPTIONS)

VERBS = {"merge": editing.merge}


def _parts(segment: str) -> Any:
    """The id and what is done. An unknown verb is no route, whatever the body is: this is looked at first."""
    return api.verb(segment, VERBS)


@app.post("/contact/contacts/<segment>")
def act_on_contact(segment: Annotated[Any, AfterValidator(_parts)], body: MergeBody | None = None) -> Response[None]:
    contact_id, act = segment
    act(api.caller(app).site_id, contact_id, body.contact_id if body else None)
    return api.no_content()


lambda_handler = api.entry_point(app, scope="contact:write")
