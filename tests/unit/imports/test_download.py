"""Downloads of import files: failed and forbidden ones are errors."""

from __future__ import annotations

import pytest

from outreach import ssrf_guard
from outreach.imports import download
from tests.support.http_server import Reply, hang_up, reply, serving, slowly


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"])
def test_a_download_that_takes_too_long_is_an_error_and_not_a_short_file(head: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssrf_guard, "TOTAL_SECONDS", 0.3)
    with serving(slowly(head, b"x")) as server, pytest.raises(ValueError, match="cannot be fetched: its server takes too long"):
        list(download.blocks(server.url, allow_private=True))


def test_a_server_that_does_not_answer_is_said_to_take_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssrf_guard, "TOTAL_SECONDS", 0.3)
    with serving(slowly(b"HTTP/1.1 200 OK\r\nX-Long: ", b"x")) as server, pytest.raises(ValueError, match="takes too long"):
        list(download.blocks(server.url, allow_private=True))


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (reply(404), "HTTP 404"),
        (reply(206, b"name"), "HTTP 206"),
        (reply(302, headers={"Location": "/"}), "its URL leads to another URL; give that one"),
        (hang_up, "its server cannot be reached"),
        (reply(200, b"name,email", {"Content-Length": "99"}), "the connection broke before the end of the file"),
        (reply(200, b"\x1f\x8b", {"Content-Encoding": "gzip"}), "its server compresses it although it was asked not to"),
    ],
)
def test_the_error_of_a_file_that_cannot_be_fetched_says_why(response: Reply, reason: str) -> None:
    with serving(response) as server, pytest.raises(ValueError, match=f"cannot be fetched: {reason}"):
        list(download.blocks(server.url, allow_private=True))


def test_a_file_in_a_private_network_is_not_fetched() -> None:
    with serving(reply(200, b"secret")) as server, pytest.raises(ValueError, match="its address is not public"):
        list(download.blocks(server.url, allow_private=False))
    assert server.requests == []


@pytest.mark.parametrize("url", ["https://169.254.169.254:8080/file", "http://[::1]:8080/file", "file:///etc/passwd", "http://["])
def test_a_url_that_is_forbidden_for_callbacks_is_forbidden_for_files(url: str) -> None:
    with pytest.raises(ValueError, match="cannot be fetched"):
        list(download.blocks(url, allow_private=False))
