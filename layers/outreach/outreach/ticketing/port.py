"""Where the messages of tickets go: to the built-in ticketing system, or to another one (``TICKETING_BASE_URL``).

Which messages belong together is decided here in any case: tickets are numbered and found by :mod:`outreach.ticketing.store`,
and the other system is told the number with each message. The specification has no more of it than that one endpoint.
"""

from __future__ import annotations

from typing import Protocol

from outreach.settings import settings
from outreach.ticketing import remote, store
from outreach.ticketing.models import TicketMessage


class Ticketing(Protocol):
    """A ticketing system."""

    def attach(self, site_id: str, message: TicketMessage) -> None:
        """Add a message to its ticket; repeated, it changes nothing.

        Raises:
            NotFound: the system doesn't know the ticket.
            PayloadTooLarge: the message is too large.
            Unavailable: the system can't be asked now.
        """


def ticketing() -> Ticketing:
    """The ticketing system of this stack."""
    return remote if settings().ticketing_base_url else store
