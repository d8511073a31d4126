"""The environment is read once, and completely."""

from __future__ import annotations

import pytest

from outreach.settings import Settings, settings


def test_the_variables_of_the_template_are_read_and_typed(aws: None) -> None:
    assert settings().messages_table == "MessagesTable"
    assert settings().outcome_checks == (30, 120, 600)
    assert settings().contact_shards == 16
    assert settings() is settings()


def test_all_variables_that_are_missing_are_named_at_once(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SITES_TABLE", "CONTACT_SHARDS"):
        monkeypatch.delenv(name)
    with pytest.raises(RuntimeError, match=r"CONTACT_SHARDS, SITES_TABLE$"):
        Settings.from_environment()


@pytest.mark.parametrize(("name", "value"), [("CONTACT_SHARDS", "many"), ("OUTCOME_CHECKS", "30,"), ("OUTCOME_CHECKS", "")])
def test_a_number_that_is_none_is_refused(aws: None, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match="invalid literal"):
        Settings.from_environment()
