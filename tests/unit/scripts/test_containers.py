"""The template that `sam local` serves."""

from __future__ import annotations

from scripts import containers

TEMPLATE = """Globals:
  Function:
    Environment:
      Variables:
        LEVEL: INFO
Resources:
  Api:
    FunctionArn:
      Fn::GetAtt:
      - Authorize
      - Alias.AliasArn
"""


def test_functions_are_named_without_alias_and_get_the_local_aws() -> None:
    """`sam local` would serve the API without an authorizer that it does not find."""
    made = containers.template_with("http://172.17.0.1:4566", TEMPLATE)
    assert "      Variables:\n        AWS_ENDPOINT_URL: http://172.17.0.1:4566\n        LEVEL: INFO\n" in made
    assert made.endswith("      - Authorize\n      - Arn\n")
