"""The state machine ``import_contacts``: one execution an import."""

from __future__ import annotations

from contextlib import suppress

import orjson

from outreach import aws
from outreach.settings import settings


def start(site_id: str, import_id: str) -> None:
    """Start an import's execution; the second time, it is there already."""
    states = aws.stepfunctions()
    with suppress(states.exceptions.ExecutionAlreadyExists):
        states.start_execution(
            stateMachineArn=settings().import_contacts_arn,
            name=import_id,
            input=orjson.dumps({"site_id": site_id, "import_id": import_id}).decode(),
        )
