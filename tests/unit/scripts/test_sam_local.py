"""What `sam local` is given."""

from __future__ import annotations

import pytest
from cfnlint.decode.cfn_yaml import loads

from scripts import sam_local
from tests.support.template import ROOT, template

ENDPOINT = "http://127.0.0.1:4566"


def test_functions_in_containers_are_told_where_aws_is() -> None:
    changed = loads(sam_local.template_with(ENDPOINT, (ROOT / "template.yaml").read_text()))
    before = template()["Globals"]["Function"]["Environment"]["Variables"]
    assert changed["Globals"]["Function"]["Environment"]["Variables"] == {"AWS_ENDPOINT_URL": ENDPOINT, **before}


def test_a_template_without_variables_is_refused() -> None:
    with pytest.raises(ValueError, match="variables"):
        sam_local.template_with(ENDPOINT, "Resources: {}\n")
