"""A contact is opted out if the number that receives its messages is. :mod:`outreach.consent` stores the opt-outs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from threading import Lock

from outreach.consent import opt_outs
from outreach.contacts.contact_documents import Document
from outreach.contacts.models import Contact, IdentityType

# The property of responses and filters, which documents lack.
IS_OPTED_OUT = "isOptedOut"

_SMS = IdentityType.SMS.value


class OptedOutNumbers:
    """The opted-out numbers of a site, for a scan of its contacts: they are read once, when they are first needed."""

    def __init__(self, site_id: str) -> None:
        self._site_id = site_id
        self._numbers: set[str] | None = None
        self._lock = Lock()

    def is_opted_out(self, document: Document) -> bool:
        """Return whether the contact is opted out."""
        number = _recipient_number(document)
        return number is not None and opt_outs.key_of(number) in self._read()

    def _read(self) -> set[str]:
        if self._numbers is None:
            with self._lock:  # the shards of a list are scanned by threads
                if self._numbers is None:
                    self._numbers = {opt_out.number for opt_out in opt_outs.list_opt_outs(self._site_id)}
        return self._numbers


def opted_out_numbers(site_id: str, contacts: Iterable[Contact], *, consistent: bool = True) -> set[str]:
    """Return those numbers of contacts that have opted out; see :func:`outreach.consent.opt_outs.opted_out_among`."""
    numbers = filter(None, (contact.recipient_number for contact in contacts))
    return opt_outs.opted_out_among(site_id, numbers, consistent=consistent)


def add_to(site_id: str, documents: Sequence[Document]) -> None:
    """Add :data:`IS_OPTED_OUT` to a few documents. Reads half a unit for each."""
    opted_out = opt_outs.opted_out_among(site_id, filter(None, map(_recipient_number, documents)), consistent=False)
    for document in documents:
        document[IS_OPTED_OUT] = _recipient_number(document) in opted_out


def _recipient_number(document: Document) -> str | None:
    """Return what :attr:`outreach.contacts.models.Contact.recipient_number` does, for a document."""
    for identity in document["identities"]:
        if identity["type"] == _SMS and "isDeleted" not in identity:
            number: str = identity.get("normal") or identity["value"]
            return number
    return None
