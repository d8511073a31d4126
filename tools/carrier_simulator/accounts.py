"""The accounts of the simulated carriers: credentials, numbers and URLs for inbound messages."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import TypeVar

from nacl.signing import SigningKey
from pydantic import BaseModel, ConfigDict

from carrier_simulator.ledger import Submission


class Account(BaseModel):
    """An account at either carrier.

    It sends from each of its numbers, from every short code and name, and from pools, all of which have all of its numbers.

    Attributes:
        channels: the channel account id of each sender: E.164 numbers, and short codes that receive messages.
        inbound_url: the webhook URL for inbound messages, with ``{base}`` and ``{channel}``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    channels: dict[str, str]
    inbound_url: str

    def inbound_url_of(self, number: str, base: str) -> str:
        """Return the webhook URL for inbound messages to ``number``, with ``{base}`` and ``{channel}`` filled in."""
        return self.inbound_url.format(base=base.rstrip("/"), channel=self.channels[number])

    def can_send_from(self, sender: str) -> bool:
        """Return whether the account may send from a number, a short code or a name."""
        return sender in self.channels or bool(SHORT_CODE.fullmatch(sender) or NAME.fullmatch(sender))

    def with_sender(self, submission: Submission) -> Submission:
        """Return the submission with a sender. A pool always chooses the same number for a recipient ("sticky sender")."""
        numbers = [sender for sender in self.channels if sender.startswith("+")]
        chosen = numbers[zlib.crc32(submission.recipient.encode()) % len(numbers)]
        return replace(submission, sender=submission.sender or chosen)


SHORT_CODE = re.compile(r"[0-9]{3,8}")
NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 +&_-]{1,11}")

AccountT = TypeVar("AccountT", bound=Account)


def owner_of(number: str, accounts: Iterable[AccountT]) -> AccountT:
    """Return the account that an E.164 number belongs to.

    Raises:
        KeyError: no account has the number.
    """
    for account in accounts:
        if number in account.channels:
            return account
    raise KeyError(number)


class TwilioAccount(Account):
    """A Twilio account. The auth token also signs its webhooks."""

    sid: str
    token: str
    inbound_url: str = "{base}/webhooks/twilio/{channel}/inbound"


class TelnyxAccount(Account):
    """A Telnyx organisation. The Ed25519 seed of its webhook key is the SHA-256 of ``signing_phrase``."""

    organization_id: str
    key: str
    signing_phrase: str
    inbound_url: str = "{base}/webhooks/telnyx/{channel}/inbound"

    @property
    def signing_key(self) -> SigningKey:
        """The private key that signs the webhooks."""
        return SigningKey(hashlib.sha256(self.signing_phrase.encode()).digest())


class Accounts(BaseModel):
    """The content of an accounts file: all accounts of both carriers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    twilio: tuple[TwilioAccount, ...] = ()
    telnyx: tuple[TelnyxAccount, ...] = ()

    def carrier_of(self, number: str) -> str | None:
        """Return the name of the carrier that an E.164 number belongs to, or ``None``."""
        return next((carrier for carrier, account in self._all() if number in account.channels), None)

    def _all(self) -> Iterator[tuple[str, Account]]:
        yield from (("twilio", account) for account in self.twilio)
        yield from (("telnyx", account) for account in self.telnyx)


def load_accounts(path: Path | None) -> Accounts:
    """Read an accounts file, by default the packaged one.

    Raises:
        pydantic.ValidationError: the file is malformed.
    """
    source = path or resources.files(__package__).joinpath("default_accounts.json")
    return Accounts.model_validate_json(source.read_text(encoding="utf-8"))
