"""PUT /contact/optOuts/{number}

Opt a number out.

A number that is opted out already stays as it is. The body may be left out.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.contacts import opt_out_service
from outreach.contacts.opt_out_schemas import Number, OptOutBody, OptOutResponse
from outreach.http import api

app = APIGatewayRestResolver(**api.OPTIONS)


@app.put("/contact/optOuts/<number>")
def put_opt_out(number: Number, body: OptOutBody | None = None) -> OptOutResponse:
    return opt_out_service.add(api.caller(app).site_id, number, body.reason if body else None)


lambda_handler = api.entry_point(app, scope="contact:write")
