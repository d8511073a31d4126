"""Runs once a day: counts the contacts of every site again, which corrects counters that missed a change."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach.contacts.listing import contact_counts
from outreach.observability import logger
from outreach.sites import site_store


def lambda_handler(_event: dict[str, Any], _context: LambdaContext) -> dict[str, int]:
    corrected = {site.id: contact_counts.recount(site.id) for site in site_store.list_sites()}
    logger().info("contacts recounted", sites=len(corrected), corrected=sum(corrected.values()))
    return {"sites": len(corrected), "corrected": sum(corrected.values())}
