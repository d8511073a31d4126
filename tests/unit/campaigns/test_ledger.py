"""The ledger's arithmetic: a cell only moves forward, and the counts always add up to the audience."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from outreach.campaigns import ledger
from outreach.campaigns.ledger import PAGE_SIZE, Cell, Page
from outreach.messages.status import SkipReason, Status

cells = st.sampled_from(Cell)


@given(st.lists(cells), st.lists(cells))
def test_reports_in_any_order_and_number_end_in_the_same_cell_or_in_the_first_final_one(
    first: list[Cell], again: list[Cell]
) -> None:
    reached = Cell.UNRELEASED
    for cell in [*first, *again, *first]:
        reached = Cell(ledger._advanced(bytes([reached]), {0: cell})[0])
    finals = [cell for cell in [*first, *again] if cell.rank == Cell.DELIVERED.rank]
    assert reached == (finals[0] if finals else max([*first, *again], default=Cell.UNRELEASED))


@given(st.integers(0, 3 * PAGE_SIZE), st.data())
def test_the_counts_add_up_to_the_audience(audience: int, data: st.DataObject) -> None:
    pages = [
        Page("record", number, bytes(data.draw(st.lists(cells, min_size=length, max_size=length))))
        for number in range(ledger.page_count(audience))
        if (length := min(40, ledger.page_length(audience, number))) == ledger.page_length(audience, number)
    ]
    counts = ledger.count(audience, pages)
    statuses = [getattr(counts, status) for status in Status if status is not Status.SKIPPED]
    assert sum(statuses) + counts.skipped == audience
    assert sum(counts.skipped_reasons.values()) == counts.skipped


def test_every_reason_and_status_has_a_cell_of_its_own() -> None:
    named = {Cell.skipped(reason) for reason in SkipReason} | {
        Cell[status.name] for status in Status if status.name in Cell.__members__
    }
    assert named == set(Cell) - {Cell.UNRELEASED}


def test_a_page_item_fits_one_write_unit() -> None:
    item = {"pk": f"SITE#{'9' * 8}#LEDGER#{'f' * 36}", "sk": "000000", "version": "1000", "cells": "x" * PAGE_SIZE}
    assert sum(len(name) + len(value) for name, value in item.items()) <= 1024


def test_what_is_not_released_counts_as_queued() -> None:
    assert ledger.count(1000, []).queued == 1000


def test_skips_are_listed_with_their_places() -> None:
    page = Page("record", 1, bytes([Cell.SENT, Cell.OPTED_OUT, Cell.NO_RECIPIENT]))
    assert list(ledger.skips(page)) == [(PAGE_SIZE + 1, SkipReason.OPTED_OUT), (PAGE_SIZE + 2, SkipReason.NO_RECIPIENT)]
