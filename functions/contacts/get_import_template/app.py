"""GET /contact/importTemplate

Download an empty file for imports, with a column for each contact field.
"""

from typing import Annotated, Literal

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BeforeValidator

from outreach.contacts import field_store
from outreach.exports import import_template
from outreach.http import api
from outreach.wire import one_of

app = APIGatewayRestResolver(**api.OPTIONS)

Format = Annotated[Literal["xlsx", "csv"], BeforeValidator(one_of("xlsx", "csv")), Query()]


@app.get("/contact/importTemplate")
def get_import_template(format: Format = "xlsx"):  # type: ignore[no-untyped-def]  # with a type, the resolver would convert the file to JSON
    content_type, content = import_template.make_template(field_store.load(api.caller(app).site_id), format)
    return Response(200, content_type, content, headers={"Content-Disposition": f'attachment; filename="contacts.{format}"'})


lambda_handler = api.entry_point(app, scope="contact:read")
