"""POST /contact/contacts/{id}:<verb>

merge: Merge another contact into this one.
    This contact receives the other contact's identities and messages, and its values of fields that are empty here. The other
    contact stays readable, with `mergeToContactId`, but it is excluded from lists, queries, exports and sends.
unmerge: Reverse a merge.
    The other contact gets back its identities, values and messages, for 30 days after the merge. What has changed in this
    contact since stays in it.
"""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from pydantic import AfterValidator

from outreach.contacts import contact_service
from outreach.contacts.schemas import MergeBody
from outreach.http import api

app = APIGatewayRestResolver(**api.OPTIONS)

VERBS = {"merge": contact_service.merge, "unmerge": contact_service.unmerge}


def _id_and_action(segment: str) -> Any:
    """Return the id and the action. It is checked before the body, so an unknown verb always returns 404."""
    return api.verb(segment, VERBS)


@app.post("/contact/contacts/<segment>")
def act_on_contact(segment: Annotated[Any, AfterValidator(_id_and_action)], body: MergeBody | None = None) -> Response[None]:
    contact_id, action = segment
    action(api.caller(app).site_id, contact_id, body.contact_id if body else None)
    return api.no_content()


lambda_handler = api.entry_point(app, scope="contact:write")
