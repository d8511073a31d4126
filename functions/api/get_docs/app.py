"""GET /docs: a page to read and try the API with, open to everybody.

It is Swagger UI, as Powertools brings it along. All of it is in the page: a gateway's stage or a domain's base path may precede
``/docs``, and no outside address is asked.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import aws_lambda_powertools
from aws_lambda_powertools.utilities.typing import LambdaContext

# Not by its module, which would import the whole resolver.
_ASSETS = Path(aws_lambda_powertools.__file__).parent / "event_handler/openapi/swagger_ui"

# The description is beside this page, whatever precedes the path. An empty icon, lest the browser asks for one.
_START = """
SwaggerUIBundle({
  url: new URL(location.pathname.replace(/docs\\/?$/, "openapi.json"), location.href).href,
  dom_id: "#page",
  deepLinking: true,
  filter: true,
  displayRequestDuration: true,
});
"""


def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    page, policy = _page()
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Encoding": "gzip",
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "max-age=300",
        "X-Request-Id": event["requestContext"]["requestId"],
    }
    return {"statusCode": 200, "headers": headers, "body": page, "isBase64Encoded": True}


@cache
def _page() -> tuple[str, str]:
    """The page (gzip, base64), and which scripts may run in it: its own, told by their hashes."""
    scripts = [(_ASSETS / "swagger-ui-bundle.min.js").read_text(encoding="utf-8"), _START]
    style = (_ASSETS / "swagger-ui.min.css").read_text(encoding="utf-8")
    html = (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Outreach API</title>'
        f'<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><style>{style}</style></head>'
        f'<body><div id="page"></div>{"".join(f"<script>{script}</script>" for script in scripts)}</body></html>'
    )
    policy = (
        f"default-src 'none'; connect-src 'self'; img-src 'self' data:; style-src 'unsafe-inline'; font-src data:; "
        f"script-src {' '.join(_hash(script) for script in scripts)}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return base64.b64encode(gzip.compress(html.encode())).decode(), policy


def _hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
