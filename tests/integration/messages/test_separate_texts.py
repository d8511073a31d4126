"""A long text is stored once, in an item of its own: which text it is depends on the row alone, and short texts cost nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from outreach import aws as our_aws
from outreach import aws_errors, clock, dynamo
from outreach.messages import message_rows, message_store
from outreach.messages.failed_reasons import OUTCOME_UNKNOWN, TEXT_MISSING
from outreach.messages.models import Claim, ClaimState, Kind, Message
from outreach.messages.status import MessageStatus
from outreach.settings import settings
from outreach.stream import domain_events
from tests.integration.messages.test_message_store import LATER, MESSAGE
from tests.support import pipeline
from tests.support.carriers import Channel, status
from tests.support.crash_points import Calls, Crash
from tests.support.functions import call, invoke
from tests.support.pipeline import SITE

LONG = replace(MESSAGE, body="Dear Ada, " + "your table is booked. " * 20 + "Bye!", segments=3)
TWIN = replace(LONG, body="Dear Bob, " + "your table is booked. " * 20 + "Bye!", segments=4)
SHORT = replace(MESSAGE, id="22283a83-48e9-4d0d-a3bd-fb19ce5c12db")
NUMBER = "+12125551200"


def texts() -> list[str]:
    """The texts in items of their own."""
    scanned = our_aws.dynamodb().scan(TableName=settings().messages_table)["Items"]
    return [item["body"] for item in map(dynamo.from_item, scanned) if message_rows.owner_of_text(item["pk"])]


def row(message: Message = LONG) -> dict[str, Any]:
    stored = dynamo.get(settings().messages_table, message_rows.key(SITE, message.id))
    assert stored is not None
    return stored


def lose_text(message: Message) -> None:
    assert dynamo.delete(settings().messages_table, message_rows.text_key(message_store.get(SITE, message.id)))


def put_apart_above(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setenv("SEPARATE_TEXT_BYTES", str(size))
    settings.cache_clear()


@pytest.fixture
def calls(aws: None) -> list[str]:
    """The names of the calls to DynamoDB from now on."""
    names: list[str] = []
    our_aws.dynamodb().meta.events.register("before-call.dynamodb", lambda model, **_: names.append(model.name))
    return names


@pytest.mark.usefixtures("aws")
class TestWhere:
    """Which texts are apart."""

    @pytest.mark.parametrize(("body", "is_apart"), [("x" * 250, False), ("x" * 251, True), ("é" * 125, False), ("é" * 126, True)])
    def test_a_text_is_apart_above_some_bytes(self, body: str, is_apart: bool) -> None:
        message_store.create_many([replace(MESSAGE, body=body)])
        assert (texts() == [body], "body" not in row()) == (is_apart, is_apart)
        assert message_store.get(SITE, MESSAGE.id).body == body

    @pytest.mark.parametrize(
        "message",
        [
            replace(LONG, claim=Claim(ClaimState.DONE), status=MessageStatus.SENT),
            replace(LONG, claim=Claim(ClaimState.DONE), status=MessageStatus.DELIVERED, kind=Kind.INBOUND),
        ],
        ids=["recorded", "reply"],
    )
    def test_a_text_that_is_not_to_be_sent_is_in_its_row_which_is_written_once(self, message: Message) -> None:
        message_store.create_many([message])
        assert (texts(), row()["body"]) == ([], LONG.body)

    def test_no_text_is_apart_if_the_operator_says_so_and_earlier_ones_stay_readable(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        message_store.create_many([LONG])
        put_apart_above(monkeypatch, 0)
        in_row = replace(LONG, id=SHORT.id)
        message_store.create_many([in_row])
        assert "body" in row(in_row)
        put_apart_above(monkeypatch, 250)
        found = message_store.get_many(SITE, [LONG.id, in_row.id])
        assert [found[message.id].body for message in (LONG, in_row)] == [LONG.body] * 2

    def test_a_text_ends_with_its_message_although_a_crash_was_between_them(self, monkeypatch: pytest.MonkeyPatch) -> None:
        calls, now = Calls(crash_at="BatchExecuteStatement", crash_at_call=2), clock.now()
        with pytest.raises(Crash), calls.invocation():
            message_store.create_many([LONG])
        monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=20))
        message_store.create_many([LONG])
        ends = {item["expires"] for item in map(dynamo.from_item, our_aws.dynamodb().scan(TableName="MessagesTable")["Items"])}
        assert max(ends) - min(ends) <= 1


@pytest.mark.usefixtures("aws")
class TestOnce:
    """One text is sent, shown and counted."""

    def test_the_first_row_decides_the_text_and_its_segments(self) -> None:
        """Two executions of a release race, and the contact changes its name in between."""
        message_store.create_many([LONG])
        assert message_store.create_many([TWIN]) == [TWIN]
        stored = message_store.get(SITE, LONG.id)
        assert (stored.body, stored.segments) == (LONG.body, LONG.segments)
        assert message_store.claim(SITE, LONG.id, number=LONG.recipient, until=LATER).body == LONG.body

    def test_a_text_whose_row_was_never_created_is_not_sent(self) -> None:
        calls = Calls(crash_at="BatchExecuteStatement", crash_at_call=2)
        with pytest.raises(Crash), calls.invocation():
            message_store.create_many([LONG])
        assert texts() == [LONG.body]
        assert message_store.create_many([TWIN]) == []
        assert message_store.claim(SITE, LONG.id, number=LONG.recipient, until=LATER).body == TWIN.body

    def test_a_repeated_creation_changes_no_item(self) -> None:
        message_store.create_many([LONG])
        before = texts(), row()
        message_store.create_many([LONG])
        assert (texts(), row()) == before

    def test_an_edit_replaces_the_text(self) -> None:
        message_store.create_many([LONG])
        before = message_store.get(SITE, LONG.id)
        assert message_store.change(before, replace(before, body=TWIN.body))
        assert (texts(), message_store.get(SITE, LONG.id).body) == ([], TWIN.body)
        (shown,) = message_store.with_texts(SITE, [replace(before, body="")])  # a reader that was overtaken
        assert shown.body == TWIN.body

    def test_an_edit_of_something_else_keeps_the_text(self) -> None:
        message_store.create_many([LONG])
        before = message_store.get(SITE, LONG.id)
        assert message_store.change(before, replace(before, sender="+15005550001"))
        assert (texts(), message_store.get(SITE, LONG.id).body) == ([LONG.body], LONG.body)

    def test_a_text_that_is_not_everywhere_yet_is_read_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        message_store.create_many([LONG])
        read = dynamo.batch_get

        def lagging(table: str, keys: Any, *, consistent: bool = False) -> Iterator[dict[str, Any]]:
            return read(table, keys, consistent=consistent) if consistent else iter(())

        monkeypatch.setattr(dynamo, "batch_get", lagging)
        assert message_store.get(SITE, LONG.id).body == LONG.body


class TestCalls:
    """Nothing is read but what is needed."""

    def test_a_short_text_takes_no_further_call(self, calls: list[str]) -> None:
        message_store.create_many([SHORT])
        message_store.claim(SITE, SHORT.id, number=SHORT.recipient, until=LATER)
        message_store.get(SITE, SHORT.id)
        message_store.get_many(SITE, [SHORT.id])
        assert calls == ["BatchExecuteStatement", "UpdateItem", "GetItem", "BatchGetItem"]

    def test_a_long_text_is_written_once_and_read_to_be_sent(self, calls: list[str]) -> None:
        message_store.create_many([LONG])
        message = message_store.claim(SITE, LONG.id, number=LONG.recipient, until=LATER)
        message_store.advance(message, MessageStatus.SENT)
        message_store.get(SITE, LONG.id, text=False)
        assert calls == ["BatchExecuteStatement"] * 2 + ["UpdateItem", "BatchGetItem", "UpdateItem", "GetItem"]

    def test_a_list_reads_the_texts_of_a_page_in_batches(self, calls: list[str]) -> None:
        pipeline.put_site()
        ids = [f"{number:08}-48e9-4d0d-a3bd-fb19ce5c12db" for number in range(150)]
        message_store.create_many([replace(LONG, id=id_, record_id=None, body=f"{id_} {LONG.body}") for id_ in ids])
        calls.clear()
        answer = call("outreach/list_messages", "GET", "/outreach/messages?pageSize=150")
        assert {shown["message"] for shown in answer.body["messages"]} == {f"{id_} {LONG.body}" for id_ in ids}
        assert calls.count("BatchGetItem") == 2 + 2  # rows and texts, a hundred at a time


class TestFaults:
    """A message is never sent without its text."""

    @pytest.mark.parametrize("can_be_counted", [True, False])
    def test_a_message_whose_text_cannot_be_read_is_sent_later(
        self, channel: Channel, monkeypatch: pytest.MonkeyPatch, can_be_counted: bool
    ) -> None:
        _send_long(channel, monkeypatch)
        if not can_be_counted:
            monkeypatch.setattr(message_store, "set_carrier_failures", _fail)
        read, failures = message_store.with_texts, iter([aws_errors.PartlyProcessed("throttled")])

        def throttled_once(*arguments: Any) -> list[Message]:
            for failure in failures:
                raise failure
            return read(*arguments)

        monkeypatch.setattr(message_store, "with_texts", throttled_once)
        channel.run_until(lambda: pipeline.accepted(channel.simulator) == [NUMBER])
        assert channel.calls() == ["accepted"]

    def test_a_message_whose_text_stays_unreadable_fails_after_a_day(
        self, channel: Channel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (message_id,) = _send_long(channel, monkeypatch)
        with monkeypatch.context() as patched:
            patched.setattr(message_store, "with_texts", _fail)
            channel.run_until(lambda: message_store.get(SITE, message_id, text=False).status == "failed", pace=7_200)
        message = message_store.get(SITE, message_id)
        assert message.failed_reason == "no_progress: the message has failed for a day (TextUnreadable)"
        assert message.claim.attempt > 10
        assert channel.calls() == []

    def test_a_message_whose_text_is_missing_fails_and_is_not_sent(
        self, channel: Channel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (message_id,) = _send_long(channel, monkeypatch)
        lose_text(message_store.get(SITE, message_id))
        channel.run_until(lambda: status(message_id) == "failed")
        assert message_store.get(SITE, message_id).failed_reason == TEXT_MISSING
        assert channel.calls() == []

    def test_a_call_whose_text_is_missing_is_not_repeated(
        self, channel: Channel, without_receipts: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Telnyx is asked for an outcome by the same request once more."""
        put_apart_above(monkeypatch, 2)
        (message_id,) = channel.queue("+12125550106")
        channel.run_until(lambda: status(message_id) == "sending")
        lose_text(message_store.get(SITE, message_id))
        channel.run_until(lambda: status(message_id) == "failed")
        assert message_store.get(SITE, message_id).failed_reason == OUTCOME_UNKNOWN
        assert channel.calls() == ["lost"]


def _fail(*_: Any, **__: Any) -> Iterator[dict[str, Any]]:
    raise aws_errors.PartlyProcessed("throttled")


def _send_long(channel: Channel, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    put_apart_above(monkeypatch, 2)  # the text is "Hello"
    return channel.queue(NUMBER)


class TestOtherReaders:
    """Functions that read all items of the table ignore the items of texts."""

    def test_the_streams_consumers_ignore_texts_and_owners(self, aws: None) -> None:
        apart = message_rows.with_separate_text(LONG)
        for item in (message_rows.new_text(apart), message_rows.new_ownership(LONG, "SM1")):
            image = dynamo.to_item(item)
            changed = {"Keys": {"pk": image["pk"]}, "OldImage": image, "NewImage": image}
            times = {"ApproximateCreationDateTime": clock.now().timestamp()}
            event = {"Records": [{"eventID": "1", "eventName": "MODIFY", "dynamodb": changed | times}]}
            invoke("workers/process_message_changes", event)
            invoke("workers/publish_events", event)
            assert domain_events.restored(item) == item

    def test_a_change_of_a_message_with_a_separate_text_is_processed_without_it(self, carrier: str) -> None:
        contact_id = pipeline.create_contact(NUMBER)
        record_id = pipeline.send(pipeline.create_campaign(message=LONG.body)["id"])
        pipeline.fan_out(record_id)
        pump = pipeline.Pump()
        pump.run_until(lambda: pipeline.counts(record_id).get("delivered") == 1)
        (text,) = texts()
        (shown,) = call("outreach/list_messages", "GET", f"/outreach/messages?contactId={contact_id}").body["messages"]
        assert text == shown["message"] == LONG.body
