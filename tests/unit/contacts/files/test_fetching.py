"""Files at a URL: what can't be had is refused."""

from __future__ import annotations

import pytest

from outreach import guarded_http
from outreach.contacts.files import fetching
from tests.support.http_server import Reply, hang_up, reply, serving, slowly


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"])
def test_a_file_that_takes_too_long_is_refused_and_not_taken_for_a_short_one(
    head: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guarded_http, "TOTAL_SECONDS", 0.3)
    with serving(slowly(head, b"x")) as server, pytest.raises(ValueError, match="cannot be fetched"):
        list(fetching.blocks(server.url, allow_private=True))


@pytest.mark.parametrize("answer", [reply(404), reply(302, headers={"Location": "/"}), hang_up])
def test_a_file_that_is_not_there_is_refused(answer: Reply) -> None:
    with serving(answer) as server, pytest.raises(ValueError, match="cannot be fetched"):
        list(fetching.blocks(server.url, allow_private=True))


def test_a_file_in_our_own_network_is_not_fetched() -> None:
    with serving(reply(200, b"secret")) as server, pytest.raises(ValueError, match="cannot be fetched"):
        list(fetching.blocks(server.url, allow_private=False))
    assert server.requests == []


@pytest.mark.parametrize("url", ["https://169.254.169.254:8080/file", "http://[::1]:8080/file", "file:///etc/passwd", "http://["])
def test_what_callbacks_may_not_reach_files_are_not_fetched_from(url: str) -> None:
    with pytest.raises(ValueError, match="cannot be fetched"):
        list(fetching.blocks(url, allow_private=False))
