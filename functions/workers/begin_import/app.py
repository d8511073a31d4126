"""Starts the execution of an import when its file has been uploaded (S3 event)."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach import s3
from outreach.imports import import_execution
from outreach.observability import logger


def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> None:
    site_id, import_id = s3.ids_of_created_object(event)
    import_execution.start(site_id, import_id)
    logger().info("import started", import_id=import_id, site_id=site_id)
