"""import_contacts: import chunks of rows, as many as fit into one invocation."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach.contacts.files import importing, records
from outreach.contacts.files.status import Status
from outreach.observability import logger

# A chunk takes a few seconds; this is far more than the slowest needs.
_RESERVE_MS = 120_000


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    record = records.get(event["site_id"], event["import_id"])
    if record.status is Status.RUNNING:
        record = importing.import_chunk(record)
    while record.status is Status.RUNNING and context.get_remaining_time_in_millis() > _RESERVE_MS:
        record = importing.import_chunk(record)
    logger().info("rows imported", import_id=record.id, site_id=record.site_id, rows=record.processed_rows)
    return {"outcome": record.status}
