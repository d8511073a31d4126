"""The description, tried against the embedded stack: gateway, authorizer, permissions and functions."""

from __future__ import annotations

import schemathesis
from local_stack import LocalStack

from tests.support import description

schema = description.schema(examples=1)


@schema.parametrize()
def test_a_request_is_answered_as_described(case: schemathesis.Case, stack: LocalStack) -> None:
    case.call_and_validate(base_url=stack.base_url, headers=description.KEY)
