"""Splitting a file into chunks."""

from __future__ import annotations

import pytest

from outreach.imports import file_splitter


def test_a_chunk_ends_where_its_texts_would_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_splitter, "_CHARACTERS_PER_CHUNK", 10)
    rows = iter([{"row": number, "values": {"name": "x" * 6}} for number in range(5)])
    assert [len(list(file_splitter._chunk(rows))) for _ in range(4)] == [2, 2, 1, 0]
