"""An export was asked for: write it into the bucket."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach.contacts.files import exporting, objects
from outreach.observability import logger


def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> None:
    site_id, export_id = objects.owner(event)
    contacts = exporting.write(site_id, export_id)
    logger().info("export written", export_id=export_id, site_id=site_id, contacts=contacts)
