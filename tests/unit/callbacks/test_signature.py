from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from outreach.callbacks import signature

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NEW_SECRET = "whsec_bG9jYWwtb3V0cmVhY2gtY2FsbGJhY2stc2VjcmV0LTAx"
BODY = '{"name": "Grüße 😀"}'.encode()


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=-7))])
def test_the_published_test_vector_verifies(zone: timezone) -> None:
    moment = datetime.fromtimestamp(1614265330.9, zone)
    assert signature.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', moment, [SECRET]) == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.parametrize("known", [SECRET, NEW_SECRET])
def test_either_secret_verifies_during_a_rotation(known: str) -> None:
    headers = signature.headers("id", BODY, datetime.now(UTC), [NEW_SECRET, SECRET])
    assert Webhook(known).verify(BODY, headers) == {"name": "Grüße 😀"}


@pytest.mark.parametrize(
    ("secret", "body", "age"),
    [
        ("whsec_" + "A" * 32, BODY, timedelta()),
        (SECRET, BODY + b" ", timedelta()),
        (SECRET, BODY, timedelta(minutes=6)),
    ],
)
def test_a_wrong_secret_a_changed_body_or_an_old_timestamp_does_not_verify(secret: str, body: bytes, age: timedelta) -> None:
    headers = signature.headers("id", BODY, datetime.now(UTC) - age, [SECRET])
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body, headers)
