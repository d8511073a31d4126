"""Opt-outs: the order of events, their history, and many at once."""

from __future__ import annotations

from itertools import permutations

import pytest
from botocore.exceptions import ClientError

from outreach import clock, dynamo
from outreach.consent import opt_outs
from outreach.consent.opt_outs import Source

SITE = "10000"
NUMBER = "+12125550123"
EARLIER, TIME, LATER = (f"2024-03-01T12:00:0{second}.000Z" for second in range(3))

pytestmark = pytest.mark.usefixtures("aws")


def changes(number: str = NUMBER) -> list[tuple[str, bool]]:
    return [(change.time, change.is_opted_out) for change in opt_outs.history(SITE, number)]


def is_opted_out(number: str = NUMBER) -> bool:
    return opt_outs.opted_out_among(SITE, [number]) == {number}


def record(events: list[tuple[str, bool]]) -> None:
    for time, is_out in events:
        (opt_outs.add if is_out else opt_outs.remove)(SITE, NUMBER, Source.KEYWORD, time=time)


def test_the_history_has_each_change_with_source_and_reason() -> None:
    opt_outs.add(SITE, NUMBER, Source.CARRIER, time=EARLIER, reason="21610")
    opt_outs.remove(SITE, NUMBER, Source.KEYWORD, time=TIME)
    history = [(change.is_opted_out, change.source, change.reason) for change in opt_outs.history(SITE, NUMBER)]
    assert history == [(True, Source.CARRIER, "21610"), (False, Source.KEYWORD, None)]


def test_an_event_that_comes_again_changes_nothing_and_adds_no_history() -> None:
    record([(EARLIER, True), (TIME, False)])
    known = opt_outs.find(SITE, NUMBER)
    record([(EARLIER, True), (TIME, False), (EARLIER, True)])
    assert opt_outs.find(SITE, NUMBER) == known
    assert changes() == [(EARLIER, True), (TIME, False)]


@pytest.mark.parametrize("order", list(permutations([(EARLIER, True), (TIME, False), (LATER, True)])))
def test_the_newest_event_decides_in_whatever_order_events_arrive(order: list[tuple[str, bool]]) -> None:
    record(list(order))
    assert is_opted_out()
    assert changes() == sorted(changes())


def test_an_opt_in_from_before_a_repeated_opt_out_is_ignored() -> None:
    record([(EARLIER, True), (LATER, True), (TIME, False)])
    known = opt_outs.find(SITE, NUMBER)
    assert known
    assert (known.is_opted_out, known.since) == (True, EARLIER)
    assert changes() == [(EARLIER, True)]


def test_of_two_events_at_the_same_time_the_last_counts_and_neither_comes_again() -> None:
    record([(TIME, True), (TIME, False), (TIME, True), (TIME, False)])
    assert (is_opted_out(), changes()) == (False, [(TIME, True), (TIME, False)])


def test_an_event_without_a_time_comes_after_one_whose_clock_is_ahead() -> None:
    record([("2999-01-01T00:00:00.000Z", True)])
    opt_outs.remove(SITE, NUMBER, Source.API)
    assert not is_opted_out()
    assert changes()[-1] == ("2999-01-01T00:00:00.001Z", False)


def test_a_number_that_only_opted_in_never_opted_out() -> None:
    record([(TIME, False)])
    assert opt_outs.find(SITE, NUMBER) is None
    record([(EARLIER, True)])
    assert opt_outs.find(SITE, NUMBER) is None


def test_the_item_and_its_change_are_written_together_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ClientError({"Error": {"Code": "InternalServerError"}}, "TransactWriteItems")

    with monkeypatch.context() as patched:
        patched.setattr(dynamo, "transact", fail)
        with pytest.raises(ClientError):
            record([(TIME, True)])
    assert (is_opted_out(), changes()) == (False, [])


def test_a_change_by_another_writer_in_between_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    transact, others = dynamo.transact, [(LATER, False)]

    def after_others(actions: list[object]) -> None:
        if others:
            record([others.pop()])
        transact(actions)  # type: ignore[arg-type]

    record([(EARLIER, True)])
    monkeypatch.setattr(dynamo, "transact", after_others)
    record([(TIME, False)])
    assert changes() == [(EARLIER, True), (LATER, False)]


def numbers(count: int) -> list[str]:
    return [f"+1212555{number:04}" for number in range(count)]


def test_many_numbers_are_opted_out_in_transactions_of_fifty(monkeypatch: pytest.MonkeyPatch) -> None:
    opt_outs.add(SITE, numbers(1)[0], Source.API)
    transact, sizes = dynamo.transact, list[int]()
    monkeypatch.setattr(dynamo, "transact", lambda actions: (sizes.append(len(actions)), transact(actions)))
    assert opt_outs.add_many(SITE, numbers(120), Source.IMPORT, reason="list.csv") == 119
    assert sorted(sizes) == [40, 99, 100]
    assert {opt_out.number for opt_out in opt_outs.list_opt_outs(SITE)} == set(numbers(120))
    assert opt_outs.add_many(SITE, numbers(120), Source.IMPORT) == 0
    assert [len(changes(number)) for number in numbers(120)] == [1] * 120


def test_one_contested_number_does_not_keep_the_others_of_its_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    transact, contested = dynamo.transact, numbers(3)[1:2]

    def after_others(actions: list[object]) -> None:
        if contested:
            number = contested.pop()
            opt_outs.add(SITE, number, Source.KEYWORD)
        transact(actions)  # type: ignore[arg-type]

    monkeypatch.setattr(dynamo, "transact", after_others)
    opt_outs.add_many(SITE, numbers(3), Source.IMPORT)
    assert opt_outs.opted_out_among(SITE, numbers(3)) == set(numbers(3))
    assert opt_outs.history(SITE, numbers(3)[1])[0].source is Source.KEYWORD


def test_a_number_of_another_site_is_neither_listed_nor_opted_out() -> None:
    opt_outs.add("1000", NUMBER, Source.API, time=clock.timestamp(clock.now()))
    assert list(opt_outs.list_opt_outs(SITE)) == []
    assert not is_opted_out()


def test_an_erased_number_leaves_nothing_and_an_erased_reason_leaves_the_change() -> None:
    opt_outs.add(SITE, NUMBER, Source.OPERATOR, time=TIME, reason="Ada Lovelace called")
    opt_outs.erase_reasons(SITE, NUMBER)
    assert [(change.time, change.reason) for change in opt_outs.history(SITE, NUMBER)] == [(TIME, None)]
    assert (opt_outs.erase(SITE, NUMBER), opt_outs.erase(SITE, NUMBER)) == (True, False)
    assert (opt_outs.find(SITE, NUMBER), changes()) == (None, [])
