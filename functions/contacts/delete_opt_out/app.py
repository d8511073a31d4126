"""DELETE /contact/optOuts/{number}

Opt a number in again.

Only do this at the request of its owner. The history stays.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from outreach.contacts import opt_out_service
from outreach.http import api

app = APIGatewayRestResolver(**api.OPTIONS)


@app.delete("/contact/optOuts/<number>")
def delete_opt_out(number: str) -> Response[None]:
    opt_out_service.remove(api.caller(app).site_id, number)
    return api.no_content()


lambda_handler = api.entry_point(app, scope="contact:write")
