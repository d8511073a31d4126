"""Structured logs and metrics, configured in one place.

Rule of the house: message bodies, phone numbers, e-mail addresses and secrets are never logged; ids are.
"""

from __future__ import annotations

from functools import cache

from aws_lambda_powertools import Logger


@cache
def logger() -> Logger:
    """The process's logger; level and service name come from the ``POWERTOOLS_*`` variables of the template."""
    return Logger()
