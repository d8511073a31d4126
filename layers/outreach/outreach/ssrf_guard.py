"""HTTP requests to URLs that customers enter: callback endpoints, and files to import.

The guard against server-side request forgery works when the connection is made. It resolves the host once, checks the address and
connects to that address, so neither an unusual spelling of an address nor a second DNS look-up reaches the internal network.
Redirects are not followed.
"""

from __future__ import annotations

from http.cookiejar import DefaultCookiePolicy

from requests_hardened import Config, HTTPSession

from outreach import timed_http

# docs/api.md, "Callbacks": success is a 2xx response within 15 s, counted from the first packet.
TOTAL_SECONDS = 15.0
_CONNECT_SECONDS = 5.0
# As many as a queue message has callbacks, which are posted at once.
_CONNECTIONS = 20


def session(allow_private: bool) -> HTTPSession:
    """Return a session for requests of one site, so that no connection of one customer is used for another. It keeps no cookies.

    The session reads a body only on demand, and closes the connection after ``TOTAL_SECONDS``.

    Args:
        allow_private: whether private and loopback addresses are allowed; for development only.
    """
    config = Config(
        ip_filter_enable=not allow_private,
        ip_filter_allow_loopback_ips=False,
        never_redirect=True,
        default_timeout=(_CONNECT_SECONDS, TOTAL_SECONDS),
    )
    guarded = HTTPSession(config)
    guarded.trust_env = False
    guarded.stream = True
    guarded.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    timed_http.limit(guarded, lambda: TOTAL_SECONDS, _CONNECTIONS)
    return guarded
