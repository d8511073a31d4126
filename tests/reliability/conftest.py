"""Fixtures that create simulated systems: a test creates as many as there are steps at which it injects a fault."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as profiles
from moto.moto_api._internal.models import moto_api_backend

from outreach import aws, parameter_store
from outreach import clock as our_clock
from outreach.callbacks import delivery_attempt
from outreach.settings import settings
from outreach.sites.models import Site
from tests.reliability.simulation import Clock, SimulatedSystem
from tests.support import carriers, pipeline, template
from tests.support.crash_points import Calls
from tests.support.http_server import reply, serving
from tests.support.simulator import simulating

Systems = Callable[..., AbstractContextManager[SimulatedSystem]]
# Carriers send their receipts as soon as the simulated time advances.
_SIMULATOR: dict[str, Any] = {"latency": 0, "receipt_delay": 0.02, "receipt_retry_delay": 0, "lost_response": 0}

# `make reliability` runs more examples. Deadlines are off, because a busy machine must not fail a test.
_SUPPRESSED_HEALTH_CHECKS = [HealthCheck.too_slow, HealthCheck.filter_too_much]
profiles.register_profile("quick", max_examples=50, deadline=None, suppress_health_check=_SUPPRESSED_HEALTH_CHECKS)
profiles.register_profile("thorough", profiles.get_profile("quick"), max_examples=2000)
profiles.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture
def systems(aws: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Systems:
    """Creates systems one after another; each has only a site with a channel account at each carrier."""
    _limit_pools_to_one_thread(monkeypatch)
    monkeypatch.setenv("CONTACT_SHARDS", "1")
    numbers = itertools.count()

    @contextmanager
    def make(calls: Calls | None = None) -> Iterator[SimulatedSystem]:
        moto_api_backend.reset()
        template.create_data_resources()
        parameter_store.clear()
        delivery_attempt.record_and_site.cache_clear()
        system = SimulatedSystem(Clock(), calls or Calls())
        monkeypatch.setattr(our_clock, "now", system.clock.now)
        monkeypatch.setattr("time.time", system.clock.time)
        monkeypatch.setattr("moto.sqs.models.unix_time_millis", lambda *_: system.clock.moment * 1000)
        with (
            serving(system.on_webhook) as webhooks,
            serving(reply(200)) as system.customer,
            simulating(tmp_path / str(next(numbers)), webhook_base=webhooks.url, **_SIMULATOR) as system.simulator,
        ):
            for variable, url in (
                ("WEBHOOK_BASE_URL", webhooks.url),
                ("TWILIO_BASE_URL", system.simulator),
                ("TELNYX_BASE_URL", system.simulator),
            ):
                monkeypatch.setenv(variable, url)
            settings.cache_clear()
            _set_up(system.customer.url)
            yield system
            system.close()

    return make


def _set_up(callback_url: str) -> None:
    for arn in (settings().campaign_send_arn, settings().scheduled_start_arn, settings().callback_retry_arn):
        role = "arn:aws:iam::123456789012:role/unit-test"
        aws.stepfunctions().create_state_machine(name=arn.rsplit(":", 1)[1], definition="{}", roleArn=role)
    aws.scheduler().create_schedule_group(Name=settings().schedule_group)
    carriers.put_accounts()
    pipeline.put_site(Site(pipeline.SITE, private_callbacks=True, callback_url=callback_url))


def _limit_pools_to_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make step k the same call in every run."""
    initialise = ThreadPoolExecutor.__init__

    def initialise_single(pool: ThreadPoolExecutor, *_: object, **__: object) -> None:
        initialise(pool, 1)

    monkeypatch.setattr(ThreadPoolExecutor, "__init__", initialise_single)
