"""POST /contact/contactIdentities:identify

Find the identities that have a value.

The value is looked for after normalisation. It stands in the query string or in the body.
"""

from typing import Annotated

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Query

from outreach.contacts import schema, search
from outreach.contacts.bodies import IdentifyBody, IdentityResponse
from outreach.contacts.listing import OptionalIdentityType
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
    wanted = body or IdentifyBody()
    if not (value or wanted.value):
        raise ValidationFailed.at("value", "is required")
    found = search.by_identity(schema.load(api.caller(app).site_id), value or wanted.value, identity_type or wanted.identity_type)
    return [IdentityResponse.of(contact, identity) for contact, identity in found]


lambda_handler = api.entry_point(app, scope="contact:read")
