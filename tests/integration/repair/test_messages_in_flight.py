"""The sweep reads the messages that may be overdue, and leaves those that are on their way or wait in the queue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient

from outreach import clock
from outreach.campaigns import campaign_records, ledger
from outreach.campaigns.ledger import Cell
from outreach.messages import message_store
from outreach.messages.models import Message
from outreach.repair import stalled_records
from outreach.sending import send_queue
from outreach.settings import settings
from tests.support import pipeline
from tests.support.functions import invoke
from tests.support.pipeline import ACCOUNT, SITE

CONTACTS = 50
BACKLOG = 1_000


@pytest.fixture
def record_id(aws: None) -> str:
    """A record whose messages have slots one second apart, and are lost."""
    pipeline.put_site(account=replace(ACCOUNT, messages_per_second=1))
    for number in range(CONTACTS):
        pipeline.create_contact(f"+121255512{number:02}")
    record_id = pipeline.send(pipeline.create_campaign()["id"])
    pipeline.fan_out(record_id)
    return record_id


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the messages that the sweep reads."""
    ids: list[str] = []
    get_many = message_store.get_many

    def recorded(site_id: str, message_ids: Iterable[str], **options: Any) -> dict[str, Message]:
        ids.extend(message_ids)
        return get_many(site_id, message_ids, **options)

    monkeypatch.setattr(message_store, "get_many", recorded)
    return ids


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the messages that are queued again."""
    ids: list[str] = []
    monkeypatch.setattr(send_queue, "enqueue", lambda rows, _: ids.extend(row.id for row in rows))
    return ids


def sweep_after(monkeypatch: pytest.MonkeyPatch, record_id: str, seconds: float) -> None:
    """Repair the record so many seconds after its first slot."""
    (page,) = ledger.read_pages(SITE, record_id)
    moment = clock.from_epoch((page.first_slot or 0) + 1) + timedelta(seconds=seconds)
    monkeypatch.setattr(clock, "now", lambda: moment)
    stalled_records.repair(SITE, record_id)


def test_messages_on_their_way_are_not_read(
    record_id: str, read: list[str], queued: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = Counter[str]()
    make_call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def counted(client: Any, operation: str, arguments: Any) -> Any:
        calls[operation] += 1
        return make_call(client, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", counted)
    sweep_after(monkeypatch, record_id, 100)
    assert (read, queued) == ([], [])
    assert calls == {"GetItem": 1, "Query": 3}  # one of the queries is that of the test


def test_messages_are_read_in_the_order_of_their_slots_until_none_is_overdue(
    record_id: str, read: list[str], queued: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep_after(monkeypatch, record_id, 130)
    assert 9 <= len(queued) <= 11
    assert len(read) == 2 * stalled_records._PLACES_PER_READ


def test_all_overdue_messages_are_queued_again(record_id: str, queued: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    sweep_after(monkeypatch, record_id, 600)
    assert len(set(queued)) == len(queued) == CONTACTS


def test_a_message_that_is_being_sent_is_read_wherever_it_is(
    record_id: str, read: list[str], queued: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.apply(SITE, record_id, {CONTACTS - 1: Cell.SENDING})
    sweep_after(monkeypatch, record_id, 130)
    assert len(read) == 2 * stalled_records._PLACES_PER_READ + 1


def test_messages_that_wait_in_a_backlog_are_not_queued_again_for_an_hour(
    record_id: str, queued: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send_queue, "count_due", lambda: BACKLOG)
    sweep_after(monkeypatch, record_id, 1_800)
    assert queued == []
    sweep_after(monkeypatch, record_id, 3_800)
    assert len(queued) == CONTACTS


def test_a_page_of_an_earlier_version_is_read(
    record_id: str, read: list[str], queued: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = [replace(page, first_slot=None) for page in ledger.read_pages(SITE, record_id)]
    monkeypatch.setattr(ledger, "read_pages", lambda *_, **__: iter(pages))
    stalled_records.repair(SITE, record_id)
    assert read


def test_the_sweep_counts_the_messages_that_are_due_in_the_queue(record_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = clock.now() + timedelta(seconds=600)
    monkeypatch.setattr(clock, "now", lambda: moment)
    boto3.client("stepfunctions").create_state_machine(
        name=settings().campaign_send_arn.rsplit(":", 1)[1], definition="{}", roleArn="arn:aws:iam::123456789012:role/unit-test"
    )
    assert invoke("workers/sweep", {})["failed"] == 0
    assert campaign_records.get(SITE, record_id).status == "running"
