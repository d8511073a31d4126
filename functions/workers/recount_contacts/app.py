"""Runs once a day: counts the contacts of every site again, which corrects counters that missed a change."""

from __future__ import annotations

import random
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach.contacts.listing import contact_counts
from outreach.invocation import time_left
from outreach.observability import logger
from outreach.sites import site_store

# More than a large site takes. A run that is killed would not say what is left.
_RESERVE_SECONDS = 30


def lambda_handler(_event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Recount the sites in random order, so that runs that lack time do not leave out the same sites every day.

    Raises:
        RuntimeError: some sites could not be recounted, or the time was over before them. All others were recounted.
    """
    has_time, corrected, missed = time_left(context, _RESERVE_SECONDS), 0, 0
    sites = site_store.list_sites()
    for site in random.sample(sites, len(sites)):
        try:
            if has_time():
                corrected += contact_counts.recount(site.id)
                continue
        except Exception:
            logger().exception("the contacts of a site could not be recounted", site_id=site.id)
        missed += 1
    logger().info("contacts recounted", sites=len(sites) - missed, corrected=corrected)
    if missed:
        raise RuntimeError(f"the contacts of {missed} of {len(sites)} sites were not recounted")
    return {"sites": len(sites), "corrected": corrected}
