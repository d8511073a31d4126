"""GET /contact/optOuts/{number}

Get whether a number is opted out, and its history.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.contacts import opt_out_service
from outreach.contacts.opt_out_schemas import OptOutResponse
from outreach.http import api

app = APIGatewayRestResolver(**api.OPTIONS)


@app.get("/contact/optOuts/<number>")
def get_opt_out(number: str) -> OptOutResponse:
    return opt_out_service.get(api.caller(app).site_id, number)


lambda_handler = api.entry_point(app, scope="contact:read")
