"""outreach-admin: tables."""

from __future__ import annotations

from typing import Any

import pytest
from outreach_admin.output import Output

ROWS: list[dict[str, Any]] = [{"id": letter * 36, "number": "+15005550006", "rates": {"send": "2/60"}} for letter in "ab"]


@pytest.mark.parametrize(("width", "headings"), [(120, 1), (60, 2)])
def test_ids_are_never_truncated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int, headings: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    Output(as_json=False).many(ROWS)
    printed = capsys.readouterr().out
    assert [row["id"] for row in ROWS if row["id"] not in printed] == []
    assert printed.count("number") == headings


def test_each_row_is_one_line_in_a_pipe(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    rows = [{**row, "name": "x" * 200} for row in ROWS]
    Output(as_json=False).many(rows)
    lines = capsys.readouterr().out.splitlines()
    assert [sum(row["id"] in line and row["name"] in line for line in lines) for row in rows] == [1, 1]


def test_a_record_is_printed_with_its_nested_values(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    Output(as_json=False).one(
        {
            "id": "10000",
            "cap": None,
            "rates": {"send": "2/60", "import": "1/5"},
            "accounts": ROWS,
            "keywords": (),
            "words": ("BAJA",),
        }
    )
    printed = capsys.readouterr().out
    assert "send: 2/60, import: 1/5" in printed
    assert "None" not in printed
    assert "BAJA" in printed
    assert "(" not in printed
    assert ROWS[1]["id"] in printed


def test_an_empty_list_is_printed_as_nothing_found(capsys: pytest.CaptureFixture[str]) -> None:
    Output(as_json=False).many([])
    assert "nothing" in capsys.readouterr().out
