"""GET /docs/errors: explains each code of an error; needs no API key.

The ``type`` of an error leads to the paragraph of its code. ``make generate`` makes the paragraphs from the table in docs/api.md.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach.http.html_page import HtmlPage, hash_source

_STYLE = """
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 45rem; margin: 2rem auto; padding: 0 1rem; }
h2 { font-size: 1.1rem; margin: 1.5rem 0 0; }
p { margin: 0.25rem 0; }
section { padding: 0 0.75rem; border-left: 3px solid transparent; }
section:target { border-color: currentColor; }
"""


def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    return _page().response(event)


@cache
def _page() -> HtmlPage:
    paragraphs = (Path(__file__).parent / "errors.html").read_text(encoding="utf-8")
    # The empty icon keeps the browser from requesting one.
    html = (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Errors of the Outreach API</title>'
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
        f'<link rel="icon" href="data:,"><style>{_STYLE}</style></head><body><main>{paragraphs}</main></body></html>'
    )
    policy = {
        "default-src": "'none'",
        "style-src": hash_source(_STYLE),
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return HtmlPage.of(html, policy)
