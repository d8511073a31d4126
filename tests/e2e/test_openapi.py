"""The embedded stack, with its gateway, authorizer and permissions, answers as the OpenAPI description says."""

from __future__ import annotations

from typing import Any

import schemathesis
from local_stack import LocalStack

from tests.support import openapi_schema

schema = openapi_schema.schema(examples=1)


@schema.parametrize()
def test_a_response_matches_the_description(case: schemathesis.Case[Any], stack: LocalStack) -> None:
    case.call_and_validate(base_url=stack.base_url, headers=openapi_schema.KEY)
