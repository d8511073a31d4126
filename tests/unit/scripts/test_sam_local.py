"""The template for `sam local` and the check of its results."""

from __future__ import annotations

import pytest
from cfnlint.decode.cfn_yaml import loads

from scripts import containers, sample_events
from tests.support.template import ROOT, template

ENDPOINT = "http://127.0.0.1:4566"


def test_the_template_gets_the_aws_endpoint() -> None:
    patched = loads(containers.template_with(ENDPOINT, (ROOT / "template.yaml").read_text()))
    original = template()["Globals"]["Function"]["Environment"]["Variables"]
    assert patched["Globals"]["Function"]["Environment"]["Variables"] == {"AWS_ENDPOINT_URL": ENDPOINT, **original}


def test_a_template_without_variables_is_refused() -> None:
    with pytest.raises(ValueError, match="variables"):
        containers.template_with(ENDPOINT, "Resources: {}\n")


@pytest.mark.parametrize(
    ("name", "printed", "expected"),
    [
        ("ListFields", 'a line of the log\n{"statusCode": 200, "body": "[]"}', (True, "200")),
        ("ListFields", '{"statusCode": 500}', (False, "500")),
        ("SendMessages", '{"batchItemFailures": []}', (True, '{"batchItemFailures": []}')),
        (
            "SendMessages",
            '{"batchItemFailures": [{"itemIdentifier": "1"}]}',
            (False, '{"batchItemFailures": [{"itemIdentifier": "1"}]}'),
        ),
        ("BeginImport", "null", (True, "null")),
        ("BeginImport", '{"errorType": "KeyError", "errorMessage": "site"}', (False, "KeyError: site")),
        ("BeginImport", "", (False, "no result")),
        ("ReceiveTelnyx", '{"statusCode": 403}', (True, "403")),
    ],
)
def test_a_result_is_compared_with_the_expected_result(name: str, printed: str, expected: tuple[bool, str]) -> None:
    assert sample_events.check(name, printed) == expected
