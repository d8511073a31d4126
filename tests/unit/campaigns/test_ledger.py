"""Ledger cells only move forward, and the counts always add up to the audience."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from outreach.campaigns import ledger
from outreach.campaigns.ledger import PAGE_SIZE, Cell, LedgerPage
from outreach.messages.status import MessageStatus, SkipReason

cells = st.sampled_from(Cell)


@given(st.lists(cells), st.lists(cells))
def test_a_cell_ends_at_the_first_final_report_or_at_the_highest_one(first: list[Cell], second: list[Cell]) -> None:
    result = Cell.UNRELEASED
    for cell in [*first, *second, *first]:
        result = Cell(ledger._advance(bytes([result]), {0: cell})[0])
    final_cells = [cell for cell in [*first, *second] if cell.rank == Cell.DELIVERED.rank]
    assert result == (final_cells[0] if final_cells else max([*first, *second], default=Cell.UNRELEASED))


@given(st.integers(0, 3 * PAGE_SIZE), st.data())
def test_the_counts_add_up_to_the_audience(audience: int, data: st.DataObject) -> None:
    pages = [
        LedgerPage("record", number, bytes(data.draw(st.lists(cells, min_size=length, max_size=length))))
        for number in range(-(-audience // PAGE_SIZE))
        if (length := min(40, ledger.page_length(audience, number))) == ledger.page_length(audience, number)
    ]
    counts = ledger.count(audience, pages)
    statuses = [getattr(counts, status) for status in MessageStatus if status is not MessageStatus.SKIPPED]
    assert sum(statuses) + counts.skipped == audience
    assert sum(counts.skipped_reasons.values()) == counts.skipped


def test_every_reason_and_status_has_its_own_cell() -> None:
    used = {Cell.of_skip(reason) for reason in SkipReason} | {
        Cell[status.name] for status in MessageStatus if status.name in Cell.__members__
    }
    assert used == set(Cell) - {Cell.UNRELEASED}


def test_a_page_item_fits_into_one_write_unit() -> None:
    item = {"pk": f"SITE#{'9' * 8}#LEDGER#{'f' * 36}", "sk": "000000", "version": "1000", "cells": "x" * PAGE_SIZE}
    assert sum(len(name) + len(value) for name, value in item.items()) <= 1024


def test_unreleased_places_count_as_queued() -> None:
    assert ledger.count(1000, []).queued == 1000


def test_skips_are_listed_with_their_places() -> None:
    page = LedgerPage("record", 1, bytes([Cell.SENT, Cell.OPTED_OUT, Cell.NO_RECIPIENT]))
    assert list(ledger.skips(page)) == [(PAGE_SIZE + 1, SkipReason.OPTED_OUT), (PAGE_SIZE + 2, SkipReason.NO_RECIPIENT)]


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.sampled_from([Cell.SENT, Cell.FAILED, Cell.UNDELIVERED, Cell.DELIVERED])), max_size=30
    )
)
def test_every_failed_place_counts_once_whatever_is_repeated_or_reordered(reports: list[tuple[int, Cell]]) -> None:
    page = LedgerPage("record", 0, bytes(6))
    for index, cell in [*reports, *reversed(reports)]:
        page = ledger._changed(page, {index: cell}, {index: "30003"} if cell in ledger._FAILURES else {})
    failed = [cell for cell in page.cells if cell in ledger._FAILURES]
    assert ledger.count_failures([page]).total() == len(failed)


def test_a_page_with_the_codes_of_usual_failures_still_fits_into_one_write_unit() -> None:
    item = {"pk": f"SITE#{'9' * 8}#LEDGER#{'f' * 36}", "sk": "000000", "version": "1000", "cells": "x" * PAGE_SIZE}
    failures = {"failures": "".join(f"3000{number}" + " " * 5 for number in range(6))}
    assert sum(len(name) + len(value) for name, value in (item | failures).items()) <= 1024
