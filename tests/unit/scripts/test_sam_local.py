"""What `sam local` is given, and what its answers mean."""

from __future__ import annotations

import pytest
from cfnlint.decode.cfn_yaml import loads

from scripts import containers, sample_events
from tests.support.template import ROOT, template

ENDPOINT = "http://127.0.0.1:4566"


def test_functions_in_containers_are_told_where_aws_is() -> None:
    changed = loads(containers.template_with(ENDPOINT, (ROOT / "template.yaml").read_text()))
    before = template()["Globals"]["Function"]["Environment"]["Variables"]
    assert changed["Globals"]["Function"]["Environment"]["Variables"] == {"AWS_ENDPOINT_URL": ENDPOINT, **before}


def test_a_template_without_variables_is_refused() -> None:
    with pytest.raises(ValueError, match="variables"):
        containers.template_with(ENDPOINT, "Resources: {}\n")


@pytest.mark.parametrize(
    ("name", "printed", "judged"),
    [
        ("ListFields", 'a line of its log\n{"statusCode": 200, "body": "[]"}', (True, "200")),
        ("ListFields", '{"statusCode": 500}', (False, "500")),
        ("SendMessages", '{"batchItemFailures": []}', (True, '{"batchItemFailures": []}')),
        (
            "SendMessages",
            '{"batchItemFailures": [{"itemIdentifier": "1"}]}',
            (False, '{"batchItemFailures": [{"itemIdentifier": "1"}]}'),
        ),
        ("BeginImport", "null", (True, "null")),
        ("BeginImport", '{"errorType": "KeyError", "errorMessage": "site"}', (False, "KeyError: site")),
        ("BeginImport", "", (False, "no answer")),
        ("ReceiveTelnyx", '{"statusCode": 403}', (True, "403")),
    ],
)
def test_an_answer_is_what_the_sample_event_must_get(name: str, printed: str, judged: tuple[bool, str]) -> None:
    assert sample_events.judge(name, printed) == judged
