"""HTML pages that contain all their scripts and styles: they work behind any base path and load nothing from other servers."""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from outreach.http.headers import SECURITY


@dataclass(frozen=True)
class HtmlPage:
    """A page as it is sent.

    Attributes:
        content: the HTML, compressed with gzip, in base64.
        policy: the ``Content-Security-Policy`` (CSP level 3).
    """

    content: str
    policy: str

    @classmethod
    def of(cls, html: str, policy: Mapping[str, str]) -> HtmlPage:
        """Compress a page. ``policy`` has the value of each directive."""
        content = base64.b64encode(gzip.compress(html.encode(), mtime=0)).decode()
        return cls(content, "; ".join(f"{directive} {value}" for directive, value in policy.items()))

    def response(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Return the response of API Gateway to a request. Browsers keep the page for five minutes."""
        headers = {
            **SECURITY,
            "Content-Type": "text/html; charset=utf-8",
            "Content-Encoding": "gzip",
            "Content-Security-Policy": self.policy,
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "max-age=300",
            "X-Request-Id": event["requestContext"]["requestId"],
        }
        return {"statusCode": 200, "headers": headers, "body": self.content, "isBase64Encoded": True}


def hash_source(source: str) -> str:
    """Return the hash by which a policy allows one script or style (CSP level 3, section 2.3.1)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"
