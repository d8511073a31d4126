"""GET /site

Get the site of the API key.

Shows what the key may do (no scopes mean all), the site's settings and its quotas, and the version of Outreach.
"""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.http import api
from outreach.sending import quota
from outreach.site_api.schemas import SiteResponse
from outreach.sites import site_store

app = APIGatewayRestResolver(**api.OPTIONS)


@app.get("/site")
def get_site() -> SiteResponse:
    caller = api.caller(app)
    site = site_store.get_site(caller.site_id)
    return SiteResponse.of(site, caller.key_name, caller.scopes, quota.used_today(site))


lambda_handler = api.entry_point(app, scope=None)
