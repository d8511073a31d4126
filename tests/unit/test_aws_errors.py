"""Errors of AWS that are worth another attempt."""

from __future__ import annotations

import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.retries.standard import ThrottledRetryableChecker

from outreach import aws_errors


@pytest.mark.parametrize("service", ["dynamodb", "s3", "scheduler", "sqs", "ssm", "stepfunctions"])
def test_every_name_for_throttling_is_transient(service: str) -> None:
    model = botocore.session.get_session().get_service_model(service)
    errors = [shape for shape in map(model.shape_for, model.shape_names) if shape.metadata.get("exception")]
    codes = {shape.metadata.get("error", {}).get("code", shape.name) for shape in errors if "throttl" in shape.name.lower()}
    for code in codes | set(ThrottledRetryableChecker._THROTTLED_ERROR_CODES):  # type: ignore[attr-defined]
        error = ClientError({"Error": {"Code": code}}, "Any")
        assert aws_errors.is_transient(error), code
        assert aws_errors.is_transient_name(aws_errors.name_of(error)), code


@pytest.mark.parametrize(
    "code", ["KMS.DisabledException", "AWS.SimpleQueueService.NonExistentQueue", "ResourceNotFoundException"]
)
def test_a_missing_resource_and_an_unusable_key_are_transient(code: str) -> None:
    assert aws_errors.is_transient(ClientError({"Error": {"Code": code}}, "Any"))
    assert aws_errors.is_transient_name(code)


@pytest.mark.parametrize("service", ["sqs", "stepfunctions"])
def test_every_error_of_a_key_is_transient(service: str) -> None:
    model = botocore.session.get_session().get_service_model(service)
    names = [name for name in model.shape_names if name.startswith("Kms") and model.shape_for(name).metadata.get("exception")]
    assert len(names) > 2
    assert all(map(aws_errors.is_transient_name, names))


def test_a_fault_of_the_request_is_not_transient() -> None:
    for code in ("ValidationException", "ConditionalCheckFailedException", "NoSuchKey"):
        assert not aws_errors.is_transient(ClientError({"Error": {"Code": code}}, "Any"))
