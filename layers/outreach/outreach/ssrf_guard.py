"""HTTP requests to URLs that customers enter: callback endpoints, and files to import.

The guard against server-side request forgery works when the connection is made. It resolves the host once, checks the address and
connects to that address, so neither an unusual spelling of an address nor a second DNS look-up reaches the internal network.
Redirects are not followed.
"""

from __future__ import annotations

import ipaddress
import time
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests_hardened import Config, HTTPSession
from requests_hardened.ip_filter import InvalidIPAddress
from requests_hardened.ip_filter_adapter import IPFilterAdapter

from outreach import timed_http

# docs/api.md, "Callbacks": success is a 2xx response within 15 s, counted from the first packet.
TOTAL_SECONDS = 15.0
_CONNECT_SECONDS = 5.0
# As many as a queue message has callbacks, which are posted at once.
_CONNECTIONS = 20
# All addresses of the internet. The library lets others pass that may lead to an IPv4 address, such as ``::127.0.0.1``.
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")


class _GuardedAdapter(IPFilterAdapter):  # type: ignore[misc]  # the library has no types
    """The library's guard, which also refuses every IPv6 address outside of the internet (RFC 4291, section 2.4)."""

    def build_connection_pool_key_attributes(self, *args: Any, **options: Any) -> Any:
        host, pool = super().build_connection_pool_key_attributes(*args, **options)
        address = ipaddress.ip_address(host["host"].strip("[]"))
        if address.version == 6 and address not in _GLOBAL_UNICAST:
            raise InvalidIPAddress(address)
        return host, pool


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
    if not allow_private:
        guarded.mount("http://", _GuardedAdapter(is_https_proto=False))
        guarded.mount("https://", _GuardedAdapter(is_https_proto=True))
    guarded.trust_env = False
    guarded.stream = True
    guarded.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    timed_http.limit(guarded, lambda: TOTAL_SECONDS, _CONNECTIONS)
    return guarded


def is_timeout(error: Exception, started: float) -> bool:
    """Return whether a request failed because its time was over.

    The session closes a connection that is too slow, which looks like an error of the connection.

    Args:
        started: when the request started, by the monotonic clock.
    """
    return isinstance(error, requests.Timeout) or time.monotonic() - started >= TOTAL_SECONDS


def describe(error: Exception, started: float) -> str:
    """Return why a request got no answer, without its URL.

    Args:
        started: when the request started, by the monotonic clock.
    """
    if is_timeout(error, started):
        return "Timeout"
    return "the address is not public" if isinstance(error, InvalidIPAddress) else timed_http.describe(error)
