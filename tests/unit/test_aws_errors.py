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
