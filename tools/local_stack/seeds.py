"""Fills a new local stack: two sites with API keys, accounts at the simulated carriers, and a callback secret.

Only for the local AWS: every secret here is public and equals the one in the carrier simulator.
Run `python -m local_stack.seeds` with the environment of the stack's functions.
"""

import base64
import hashlib
from collections.abc import Mapping
from contextlib import suppress

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from outreach_admin import admin

from outreach.errors import Conflict
from outreach.sites.models import Carrier, ChannelAccount, Site

CALLBACK_SECRET = "whsec_bG9jYWwtb3V0cmVhY2gtY2FsbGJhY2stc2VjcmV0LTAx"  # noqa: S105 - public, see above
TELNYX_SEED = hashlib.sha256(b"outreach local telnyx").digest()
TELNYX_PUBLIC_KEY = base64.b64encode(Ed25519PrivateKey.from_private_bytes(TELNYX_SEED).public_key().public_bytes_raw()).decode()

API_KEYS = {"10000": "local-10000", "20000": "local-20000"}
SITES = [Site(id=site_id, default_region="US", private_callbacks=True) for site_id in API_KEYS]


def _account(site_id: str, account_id: str, carrier: Carrier, number: str, carrier_account: str, rate: float) -> ChannelAccount:
    return ChannelAccount(
        id=account_id,
        site_id=site_id,
        carrier=carrier,
        number=number,
        carrier_account=carrier_account,
        messages_per_second=rate,
    )


_TWILIO_A, _TWILIO_B = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "ACbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
_TOKEN_A, _TOKEN_B = {"token": "local-twilio-token"}, {"token": "local-twilio-token-2"}
_TELNYX = {"api_key": "local-telnyx-key", "public_key": TELNYX_PUBLIC_KEY}
ACCOUNTS: list[tuple[ChannelAccount, Mapping[str, str]]] = [
    (_account("10000", "647277e8-06a5-4eec-ba66-1cdd617dc778", Carrier.TWILIO, "+15005550006", _TWILIO_A, 100), _TOKEN_A),
    (_account("10000", "647277e8-06a5-4eec-ba66-1cdd617dc779", Carrier.TWILIO, "+15005550007", _TWILIO_A, 5), _TOKEN_A),
    (_account("10000", "747277e8-06a5-4eec-ba66-1cdd617dc778", Carrier.TELNYX, "+15005550008", "local", 100), _TELNYX),
    (_account("20000", "847277e8-06a5-4eec-ba66-1cdd617dc778", Carrier.TWILIO, "+15005550009", _TWILIO_B, 100), _TOKEN_B),
]


def seed() -> None:
    """Store the local sites, keys, accounts and secrets. Idempotent."""
    for site in SITES:
        admin.put_site(site)
        with suppress(Conflict):  # somebody has revoked the key, to try that
            admin.put_api_key(site.id, "local", API_KEYS[site.id])
        admin.put_callback_secret(site.id, CALLBACK_SECRET)
    for account, credentials in ACCOUNTS:
        admin.put_channel_account(account, credentials)


if __name__ == "__main__":
    seed()
