"""Stream of the contacts table → the counters of live contacts."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach.contacts import counting


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Fails as a whole, and is then called with the same records again."""
    counting.take_in(event["Records"])
