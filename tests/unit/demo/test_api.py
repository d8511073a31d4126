"""The client of the API."""

from __future__ import annotations

from demo.api import Api

from tests.support.http_server import hang_up, reply, serving


def test_a_retried_post_keeps_its_idempotency_key() -> None:
    with serving(hang_up, reply(200, b'{"id": "1"}')) as server:
        api = Api(server.url, "key")
        assert api.send("c")["id"] == "1"
        api.send("c")
    first, repeated, another = (request.headers["idempotency-key"] for request in server.requests)
    assert first == repeated != another
