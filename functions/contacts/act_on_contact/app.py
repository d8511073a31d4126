"""POST /contact/contacts/{id}:<verb>

merge: Merge another contact into this one.
    This contact receives the other contact's identities and messages, and its values of fields that are empty here. The other
    contact stays readable, with `mergeToContactId`, but it is excluded from lists, queries, exports and sends.
unmerge: Reverse a merge.
    The other contact gets back its identities, values and messages, for 30 days after the merge. What has changed in this
    contact since stays in it.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from outreach.contacts import contact_merge
from outreach.contacts.schemas import MergeBody
from outreach.http import api
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)

# The scope that each verb requires.
SCOPES = {"merge": "contact:write", "unmerge": "contact:write"}


@app.post("/contact/contacts/<id>:merge")
def merge(id: Guid, body: MergeBody | None = None) -> Response[None]:
    contact_merge.merge(api.caller(app).site_id, id, body.contact_id if body else None)
    return api.no_content()


@app.post("/contact/contacts/<id>:unmerge")
def unmerge(id: Guid, body: MergeBody | None = None) -> Response[None]:
    contact_merge.unmerge(api.caller(app).site_id, id, body.contact_id if body else None)
    return api.no_content()


lambda_handler = api.entry_point(app, scope=SCOPES)
