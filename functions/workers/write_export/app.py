"""Writes an export when it has been requested (S3 event)."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach import s3
from outreach.exports import csv_export
from outreach.observability import logger


def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> None:
    site_id, export_id = s3.ids_of_created_object(event)
    contacts = csv_export.write(site_id, export_id)
    logger().info("export written", export_id=export_id, site_id=site_id, contacts=contacts)
