"""GET /docs: a page to read about the API and to try it; needs no API key.

It is the Swagger UI that Powertools ships.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import aws_lambda_powertools
from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach.http.html_page import HtmlPage, hash_source

# The package of the assets is not imported, as that would import the whole resolver.
_ASSETS = Path(aws_lambda_powertools.__file__).parent / "event_handler/openapi/swagger_ui"

# openapi.json has the same base path as this page. The example of an Idempotency-Key stands for a new one in each request.
_INIT_SCRIPT = """
SwaggerUIBundle({
  url: new URL(location.pathname.replace(/docs\\/?$/, "openapi.json"), location.href).href,
  dom_id: "#page",
  deepLinking: true,
  filter: true,
  displayRequestDuration: true,
  requestInterceptor(request) {
    if (request.headers["Idempotency-Key"] === "{{$guid}}") request.headers["Idempotency-Key"] = crypto.randomUUID();
    return request;
  },
});
"""


def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    return _page().response(event)


@cache
def _page() -> HtmlPage:
    """The page, with a policy that allows only its own scripts, by hash."""
    scripts = [(_ASSETS / "swagger-ui-bundle.min.js").read_text(encoding="utf-8"), _INIT_SCRIPT]
    style = (_ASSETS / "swagger-ui.min.css").read_text(encoding="utf-8")
    # The empty icon keeps the browser from requesting one.
    html = (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Outreach API</title>'
        f'<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><style>{style}</style></head>'
        f'<body><div id="page"></div>{"".join(f"<script>{script}</script>" for script in scripts)}</body></html>'
    )
    policy = {
        "default-src": "'none'",
        "connect-src": "'self'",
        "img-src": "'self' data:",
        # Swagger UI writes style attributes.
        "style-src": "'unsafe-inline'",
        "font-src": "data:",
        "script-src": " ".join(map(hash_source, scripts)),
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return HtmlPage.of(html, policy)
