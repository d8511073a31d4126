"""What reaches the log in Lambda's runtime, which sets the level of the root logger and its own variable."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import boto3
import pytest

from outreach import observability
from tests.support.template import template


@pytest.fixture
def levels() -> Iterator[None]:
    """The levels of the loggers are as before afterwards."""
    loggers = [logging.getLogger(name) for name in (None, observability.logger().name)]
    before = [logger.level for logger in loggers]
    yield
    for logger, level in zip(loggers, before, strict=True):
        logger.setLevel(level)


@pytest.mark.usefixtures("levels")
@pytest.mark.parametrize("level", template()["Parameters"]["LogLevel"]["AllowedValues"])
def test_the_level_of_the_parameter_decides_what_is_logged(level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lambda sets AWS_LAMBDA_LOG_LEVEL to ApplicationLogLevel, which Powertools would follow."""
    monkeypatch.setenv("AWS_LAMBDA_LOG_LEVEL", "DEBUG" if level == "DEBUG" else "INFO")
    monkeypatch.setenv("POWERTOOLS_LOG_LEVEL", level)
    observability.logger.cache_clear()
    assert observability.logger().log_level == logging.getLevelName(level)


def test_a_metric_has_no_level_so_lambda_takes_it_for_info(capsys: pytest.CaptureFixture[str]) -> None:
    observability.count("WorkGivenUp")
    assert "level" not in json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("aws", "levels")
def test_libraries_do_not_log_bodies_and_secrets_at_debug(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger().setLevel(logging.DEBUG)
    observability.silence_libraries()
    boto3.client("ssm").put_parameter(Name="/any", Value="geheim", Type="SecureString")
    assert caplog.messages == []
