"""Second step of the state machine ``import_contacts``: imports (or undoes) as many chunks as fit into one invocation."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach.http.job_status import JobStatus
from outreach.imports import chunk_importer, import_records, import_undo
from outreach.invocation import time_left
from outreach.observability import logger

# A chunk takes a few seconds; this is far more than the slowest chunk needs.
_RESERVE_SECONDS = 120


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    record = import_records.get(event["site_id"], event["import_id"])
    if record.status is JobStatus.RUNNING:
        work = import_undo.undo_chunks if record.is_being_undone else chunk_importer.import_chunks
        record = work(record, time_left(context, _RESERVE_SECONDS))
    logger().info("rows imported", import_id=record.id, site_id=record.site_id, rows=record.processed_rows)
    return {"outcome": record.status}
