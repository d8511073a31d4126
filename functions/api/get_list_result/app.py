"""GET /listResults/{id}

Get the status of a list that is still being prepared.

Previews of campaigns are answered here too. A completed list redirects to its content. The API key needs the scope of the
original request.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from outreach import s3
from outreach.http import api, list_results
from outreach.http.job_status import JobStatus
from outreach.http.list_results import ListResultResponse
from outreach.wire import Guid

app = APIGatewayRestResolver(**api.OPTIONS)


@app.get("/listResults/<id>")
def get_list_result(id: Guid) -> Response[ListResultResponse | None]:
    status, key = list_results.find_response(api.caller(app), id)
    if status is JobStatus.COMPLETED:
        return api.see_other(s3.files().download_url(key))
    return Response(200, api.JSON, ListResultResponse(id=id, status=status))


lambda_handler = api.entry_point(app, scope=None)  # ``find_response`` checks the scope of the list
