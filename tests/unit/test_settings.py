"""Settings are read from the environment once."""

from __future__ import annotations

import pytest

from outreach.settings import Settings, settings


def test_the_variables_of_the_template_are_parsed(aws: None) -> None:
    assert settings().messages_table == "MessagesTable"
    assert settings().outcome_checks == (30, 120, 600)
    assert settings().contact_shards == 16
    assert settings().message_retention_days == 400
    assert settings().separate_text_bytes == 250
    assert (settings().call_timeout, settings().call_attempts) == (3, 2)
    assert settings() is settings()


def test_the_error_lists_all_missing_variables(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SITES_TABLE", "CONTACT_SHARDS"):
        monkeypatch.delenv(name)
    with pytest.raises(RuntimeError, match=r"CONTACT_SHARDS, SITES_TABLE$"):
        Settings.from_environment()


@pytest.mark.parametrize(("name", "value"), [("CONTACT_SHARDS", "many"), ("OUTCOME_CHECKS", "30,"), ("OUTCOME_CHECKS", "")])
def test_an_invalid_number_is_an_error(aws: None, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match="invalid literal"):
        Settings.from_environment()
