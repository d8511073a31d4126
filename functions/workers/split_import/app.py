"""import_contacts, first step: read the file and cut its rows into chunks."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach.contacts.files import records, splitting
from outreach.observability import logger


def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    record = splitting.split(records.get(event["site_id"], event["import_id"]))
    logger().info("import split", import_id=record.id, site_id=record.site_id, status=record.status, rows=record.total_rows)
    return {"outcome": record.status}
