"""First step of the state machine ``import_contacts``: reads the file and splits its rows into chunks."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach.imports import file_splitter, import_records
from outreach.observability import logger


def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    record = file_splitter.write_chunks(import_records.get(event["site_id"], event["import_id"]))
    logger().info("import split", import_id=record.id, site_id=record.site_id, status=record.status, rows=record.total_rows)
    return {"outcome": record.status}
