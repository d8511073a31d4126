"""Remembered names are those that moto would compute."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from moto.core.serialize import AttributePickerContext, XFormedAttributePicker

from tests.support import fast_moto, pipeline


def test_answers_of_moto_are_read_by_the_same_names_as_without_memory(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: set[str] = set()

    def compare(picker: XFormedAttributePicker, context: AttributePickerContext) -> Iterator[str]:
        expected = list(fast_moto._possible_keys(picker, context))
        for _ in ("computed", "remembered"):
            assert list(fast_moto._remembered_keys(picker, context)) == expected
        assert context.service_model
        compared.add(context.service_model.service_name)
        return iter(expected)

    monkeypatch.setattr(fast_moto, "_remembered", {})
    monkeypatch.setattr(XFormedAttributePicker, "get_possible_keys", compare)
    pipeline.put_site()
    pipeline.create_contact("+12125551234", "Ada")
    pipeline.create_campaign()
    boto3.client("s3").list_buckets()
    boto3.client("sqs").list_queues()
    boto3.client("stepfunctions").list_state_machines()
    assert {"dynamodb", "sqs", "stepfunctions", "s3"} <= compared
