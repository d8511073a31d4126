"""GET /listResults/{id}"""

from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from outreach.contacts.files import later
from outreach.http import api
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.get("/listResults/<id>")
def get_list_result(id: Guid) -> Response[Any]:
    return later.result(api.caller(app).site_id, id)


lambda_handler = api.entry_point(app, scope="contact:read")
