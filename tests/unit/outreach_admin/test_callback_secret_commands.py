"""outreach-admin: callback secrets."""

from __future__ import annotations

import boto3
import pytest

from outreach.settings import settings
from outreach.sites import secrets
from tests.unit.outreach_admin.conftest import SECRET, TOKEN, Run, stored_secret


@pytest.mark.usefixtures("site")
def test_a_dry_run_counts_the_callback_secrets_that_would_be_deleted(run: Run) -> None:
    for _ in range(2):
        run("callback-secret", "rotate", "10000")
    before = stored_secret(secrets.callback_path("10000"))
    assert run("callback-secret", "put", "10000", "--dry-run").json["would_delete"] == 2
    assert run("callback-secret", "retire", "10000", "--dry-run").json["would_delete"] == 1
    assert stored_secret(secrets.callback_path("10000")) == before


@pytest.mark.usefixtures("site")
def test_callbacks_are_signed_with_both_secrets_until_the_old_one_is_retired(run: Run) -> None:
    path = secrets.callback_path("10000")
    assert run("callback-secret", "put", "10000", stdin=SECRET).json == {"site": "10000", "secrets": 1}
    first, second = (run("callback-secret", "rotate", "10000").json["secret"] for _ in range(2))
    assert stored_secret(path) == [second, first]
    run("callback-secret", "retire", "10000")
    assert stored_secret(path) == [second]


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("key", ["", "arn:aws:kms:us-east-1:123456789012:key/a-key"])
def test_a_secret_is_encrypted_with_the_kms_key_of_the_stack(run: Run, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("KMS_KEY_ARN", key)
    settings.cache_clear()
    run("callback-secret", "put", "10000", stdin=SECRET)
    (parameter,) = boto3.client("ssm").describe_parameters()["Parameters"]
    assert parameter["KeyId"] == (key or "alias/aws/ssm")


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("secret", [TOKEN, "whsec_%", SECRET.removeprefix("whsec_")])
def test_a_malformed_callback_secret_is_refused_and_not_quoted(run: Run, secret: str) -> None:
    result = run("callback-secret", "put", "10000", stdin=secret)
    assert result.code == 1
    assert secret not in result.err
