"""What every client of other people's HTTP servers needs."""

from __future__ import annotations

import requests
from urllib3.exceptions import InvalidHeader
from urllib3.util import Retry

# Further away than this a server's wish is no plan but a mistake.
_LONGEST_WAIT_SECONDS = 86_400


def retry_after(answer: requests.Response) -> float | None:
    """Seconds until the server wants to be asked again (``Retry-After``: seconds or a date; RFC 9110, section 10.2.3).

    ``None`` when it doesn't say or what it says can't be read; a day at most.
    """
    try:
        return Retry(retry_after_max=_LONGEST_WAIT_SECONDS).parse_retry_after(answer.headers.get("Retry-After", ""))
    except (InvalidHeader, ValueError):
        return None
