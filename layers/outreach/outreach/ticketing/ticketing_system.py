"""The ticketing system that stores messages: the built-in one, or an external one (``TICKETING_BASE_URL``).

:mod:`outreach.ticketing.ticket_store` always opens, numbers and finds the tickets. An external system only receives messages,
each with its ticket's number, because the API has no other endpoint for tickets.
"""

from __future__ import annotations

from typing import Protocol

from outreach.settings import settings
from outreach.ticketing import remote_ticketing, ticket_store
from outreach.ticketing.models import TicketMessage


class Ticketing(Protocol):
    """A ticketing system."""

    def attach(self, site_id: str, message: TicketMessage) -> None:
        """Add a message to its ticket, unless the ticket has it already.

        Raises:
            NotFound: the ticket does not exist.
            PayloadTooLarge, ValidationFailed: the message is too large for the ticketing system.
            Unavailable: the system cannot be reached.
        """


def ticketing() -> Ticketing:
    """Return the ticketing system of this stack."""
    return remote_ticketing if settings().ticketing_base_url else ticket_store
