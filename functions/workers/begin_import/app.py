"""A file to be imported has arrived in the bucket: start the execution that imports it."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach.contacts.files import executions, objects
from outreach.observability import logger


def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> None:
    site_id, import_id = objects.owner(event)
    executions.start(site_id, import_id)
    logger().info("import begun", import_id=import_id, site_id=site_id)
