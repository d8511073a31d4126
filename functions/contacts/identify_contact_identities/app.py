"""POST /contact/contactIdentities:identify

Find identities by their value.

The value is normalised before it is compared. Give it in the query string or in the body.
"""

from typing import Annotated

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Query

from outreach.contacts import field_store
from outreach.contacts.listing import search
from outreach.contacts.schemas import IdentifyBody, IdentityResponse, OptionalIdentityType
from outreach.errors import ValidationFailed
from outreach.http import api

app = APIGatewayRestResolver(**api.OPTIONS)


@app.post("/contact/ContactIdentities:identify", include_in_schema=False)
@app.post("/contact/contactIdentities:identify")
def identify_contact_identities(
    value: Annotated[str, Query()] = "",
    identity_type: Annotated[OptionalIdentityType, Query(alias="identityType")] = None,
    body: IdentifyBody | None = None,
) -> list[IdentityResponse]:
    query = body or IdentifyBody()
    if not (value or query.value):
        raise ValidationFailed.at("/value", "is required")
    site_fields = field_store.load(api.caller(app).site_id)
    matches = search.find_by_identity(site_fields, value or query.value, identity_type or query.identity_type)
    return [IdentityResponse.of(contact, identity) for contact, identity in matches]


lambda_handler = api.entry_point(app, scope="contact:read")
