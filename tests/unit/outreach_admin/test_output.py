"""outreach-admin: tables for people."""

from __future__ import annotations

from typing import Any

import pytest
from outreach_admin.output import Output

ROWS: list[dict[str, Any]] = [{"id": letter * 36, "number": "+15005550006", "rates": {"send": "2/60"}} for letter in "ab"]


@pytest.mark.parametrize(("width", "headings"), [(120, 1), (60, 2)])
def test_ids_are_never_cut(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int, headings: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    Output(as_json=False).many(ROWS)
    shown = capsys.readouterr().out
    assert [row["id"] for row in ROWS if row["id"] not in shown] == []
    assert shown.count("number") == headings


def test_a_thing_is_shown_with_what_it_has(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    Output(as_json=False).one({"id": "10000", "cap": None, "rates": {"send": "2/60", "import": "1/5"}, "accounts": ROWS})
    shown = capsys.readouterr().out
    assert "send: 2/60, import: 1/5" in shown
    assert "None" not in shown
    assert ROWS[1]["id"] in shown


def test_nothing_is_said_to_be_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    Output(as_json=False).many([])
    assert "nothing" in capsys.readouterr().out
