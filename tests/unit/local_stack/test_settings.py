from pathlib import Path

import pytest
from local_stack.settings import Settings


def test_the_defaults_are_the_documented_ones() -> None:
    settings = Settings.from_environment({})
    assert (settings.port, settings.aws_port, settings.carrier_port, settings.iam) == (3000, 4566, 3001, True)
    assert settings.base_url == "http://127.0.0.1:3000"
    assert settings.state_dir.name == ".local"


def test_each_variable_sets_its_field(tmp_path: Path) -> None:
    settings = Settings.from_environment(
        {
            "PORT": "8000",
            "AWS_LOCAL_PORT": "8001",
            "CARRIER_PORT": "8002",
            "STATE_DIR": str(tmp_path),
            "TWILIO_BASE_URL": "http://127.0.0.1:9",
            "TELNYX_BASE_URL": "http://127.0.0.1:10",
            "IAM": "off",
        }
    )
    expected = Settings(
        port=8000,
        aws_port=8001,
        carrier_port=8002,
        state_dir=tmp_path,
        twilio_base_url="http://127.0.0.1:9",
        telnyx_base_url="http://127.0.0.1:10",
        iam=False,
    )
    assert settings == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "eighty"), ("PORT", "0"), ("AWS_LOCAL_PORT", "65536"), ("CARRIER_PORT", "-1"), ("PORT", "3001"), ("IAM", "maybe")],
)
def test_an_invalid_value_is_refused_with_the_name_of_its_variable(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=name):
        Settings.from_environment({name: value})


def test_an_empty_variable_counts_as_unset() -> None:
    assert Settings.from_environment({"PORT": "", "STATE_DIR": "", "IAM": ""}) == Settings.from_environment({})


@pytest.mark.parametrize(
    ("twilio", "telnyx", "needed"),
    [("", "", True), ("http://t", "", True), ("", "http://t", True), ("http://t", "http://x", False)],
)
def test_the_simulator_runs_unless_both_carriers_have_a_base_url(twilio: str, telnyx: str, needed: bool) -> None:
    assert Settings(twilio_base_url=twilio, telnyx_base_url=telnyx).needs_simulator is needed


def test_a_carrier_without_a_base_url_is_simulated() -> None:
    parameters = Settings(carrier_port=8002, twilio_base_url="http://twilio").stack_parameters("python3.11", "x86_64")
    assert parameters["TwilioBaseUrl"] == "http://twilio"
    assert parameters["TelnyxBaseUrl"] == "http://127.0.0.1:8002"


def test_the_environment_hides_the_developers_aws_configuration() -> None:
    environment = Settings(aws_port=8001).aws_environment()
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:8001"
    assert environment["AWS_SHARED_CREDENTIALS_FILE"] == environment["AWS_CONFIG_FILE"] == "/dev/null"
