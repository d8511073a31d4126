"""GET /console: the console for the people who send; needs no API key, because the page asks for one.

The sources are in ``console/``; ``make console`` builds ``console.js`` and ``console.css`` from them.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach.http.html_page import HtmlPage, hash_source

_FOLDER = Path(__file__).parent


def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    return _page().response(event)


@cache
def _page() -> HtmlPage:
    script = (_FOLDER / "console.js").read_text(encoding="utf-8")
    style = (_FOLDER / "console.css").read_text(encoding="utf-8")
    # The empty icon keeps the browser from requesting one.
    html = (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Outreach</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
        f'<link rel="icon" href="data:,"><style>{style}</style></head><body><script type="module">{script}</script></body></html>'
    )
    return HtmlPage.of(html, _policy(script, style))


def _policy(script: str, style: str) -> dict[str, str]:
    """Only this script and this style run; connections go to the API and, by presigned URL, to the buckets."""
    return {
        "default-src": "'none'",
        "script-src": hash_source(script),
        "style-src": hash_source(style),
        "img-src": "data:",
        "connect-src": f"'self' {_bucket_origins()}",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }


def _bucket_origins() -> str:
    """The origins of presigned URLs. A local AWS has all buckets at its own address."""
    return os.environ.get("AWS_ENDPOINT_URL") or os.environ["BUCKET_ORIGINS"]
