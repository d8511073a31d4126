"""Once a day: count the contacts of every site anew, for what the stream's consumer has lost for good."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach.contacts import counting
from outreach.observability import logger
from outreach.sites import store as sites


def lambda_handler(_event: dict[str, Any], _context: LambdaContext) -> dict[str, int]:
    mended = {site.id: counting.recount(site.id) for site in sites.list_sites()}
    logger().info("contacts recounted", sites=len(mended), mended=sum(mended.values()))
    return {"sites": len(mended), "mended": sum(mended.values())}
