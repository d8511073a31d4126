"""The customers of the simulated carriers: credentials, numbers, and where their inbound messages go."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import TypeVar

from nacl.signing import SigningKey
from pydantic import BaseModel, ConfigDict

from carrier_simulator.ledger import Submission


class Account(BaseModel):
    """What both carriers know of a customer; ``channels`` maps an own number (E.164) to its channel account id."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    channels: dict[str, str]
    inbound_url: str

    def inbound_url_of(self, number: str, base: str) -> str:
        """The URL that inbound messages to ``number`` are posted to; ``{base}`` and ``{channel}`` are filled in."""
        return self.inbound_url.format(base=base.rstrip("/"), channel=self.channels[number])

    def sending(self, submission: Submission) -> Submission:
        """The submission with a sender: one that leaves the choice to the carrier goes out from the account's first number."""
        return replace(submission, sender=submission.sender or next(iter(self.channels)))


AccountT = TypeVar("AccountT", bound=Account)


def owner_of(number: str, accounts: Iterable[AccountT]) -> AccountT:
    """The account that ``number`` (E.164) belongs to; raises ``KeyError`` when it is nobody's."""
    for account in accounts:
        if number in account.channels:
            return account
    raise KeyError(number)


class TwilioAccount(Account):
    """A Twilio account: SID and auth token, which is also the key of its webhook signatures."""

    sid: str
    token: str
    inbound_url: str = "{base}/webhooks/twilio/{channel}/inbound"


class TelnyxAccount(Account):
    """A Telnyx organisation; its webhook key's Ed25519 seed is SHA-256 of ``signing_phrase``."""

    organization_id: str
    key: str
    signing_phrase: str
    inbound_url: str = "{base}/webhooks/telnyx/{channel}/inbound"

    @property
    def signing_key(self) -> SigningKey:
        """The private key of this organisation's webhooks."""
        return SigningKey(hashlib.sha256(self.signing_phrase.encode()).digest())


class Accounts(BaseModel):
    """Every account of both carriers, as the accounts file lists them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    twilio: tuple[TwilioAccount, ...] = ()
    telnyx: tuple[TelnyxAccount, ...] = ()

    def carrier_of(self, number: str) -> str | None:
        """The name of the carrier that ``number`` (E.164) belongs to, ``None`` when it is nobody's."""
        return next((carrier for carrier, account in self._all() if number in account.channels), None)

    def _all(self) -> Iterator[tuple[str, Account]]:
        yield from (("twilio", account) for account in self.twilio)
        yield from (("telnyx", account) for account in self.telnyx)


def load_accounts(path: Path | None) -> Accounts:
    """Read an accounts file, or the packaged default; raises ``pydantic.ValidationError`` when it is malformed."""
    source = path or resources.files(__package__).joinpath("default_accounts.json")
    return Accounts.model_validate_json(source.read_text(encoding="utf-8"))
