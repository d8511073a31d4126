"""What the recipients of a batch share is read once, and so is its failure."""

from __future__ import annotations

from typing import NoReturn

import pytest

from outreach.delivery.send_worker import _BatchContext
from outreach.parameter_store import ParameterUnavailable
from outreach.sending.send_queue import SendJob
from outreach.sites import secrets


def test_a_failure_counts_for_all_recipients_of_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def fail(_site_id: str, account_id: str) -> NoReturn:
        asked.append(account_id)
        raise ParameterUnavailable("throttled")

    monkeypatch.setattr(secrets, "account_credentials", fail)
    job = SendJob("10000", "an-account", None, ())
    context = _BatchContext({"1": job})
    for _ in range(3):
        with pytest.raises(ParameterUnavailable):
            context.credentials(job)
    assert asked == ["an-account"]
