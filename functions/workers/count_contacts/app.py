"""Processes the stream of the contacts table: updates the counters of live contacts."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach.contacts.listing import contact_counts


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Process a batch; after an error the function is invoked again with the same batch."""
    contact_counts.apply_stream_records(event["Records"])
