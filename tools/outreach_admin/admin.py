"""What an administrator can do. Needs the variables of a function of the stack, and AWS credentials."""

from __future__ import annotations

import base64
import json
import secrets as random_secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import boto3

from outreach.errors import Conflict, NotFound
from outreach.settings import settings
from outreach.sites import secrets, store
from outreach.sites.models import ApiKey, Carrier, ChannelAccount, Site

# What each carrier's client asks for (outreach.sites.secrets); the first can be given alone where it is the only one.
CREDENTIALS = {Carrier.TWILIO: ("token",), Carrier.TELNYX: ("api_key", "public_key")}

KEY_BYTES = 32
# Standard Webhooks 1.0.0, Signature scheme.
CALLBACK_SECRET_SIZES = range(24, 65)
CALLBACK_SECRET_BYTES = 32
CALLBACK_SECRET_PREFIX = "whsec_"  # noqa: S105 - what every secret begins with
SHOWN_DIGITS = 12


def put_site(site: Site) -> None:
    """Create or replace a site."""
    store.put_site(site)


def put_api_key(site_id: str, name: str, value: str, scopes: frozenset[str] = frozenset()) -> str:
    """Store the hash of an API key; returns the key's id, the beginning of the hash.

    Raises
    ------
    NotFound
        There is no such site.
    """
    store.get_site(site_id)
    digest = store.hash_key(value)
    store.put_key(digest, ApiKey(site_id=site_id, name=name, scopes=scopes))
    return digest[:SHOWN_DIGITS]


def new_api_key() -> str:
    """A new API key with 256 bits of randomness."""
    return random_secrets.token_urlsafe(KEY_BYTES)


def revoke_api_key(site_id: str, key_id: str) -> ApiKey:
    """Make a key useless; what is cached by the authorizer ends within half a minute.

    Parameters
    ----------
    key_id
        The beginning of the key's SHA-256, as :func:`put_api_key` returned it.

    Raises
    ------
    NotFound
        The site has no key with this id, or several whose hashes begin so.
    """
    digest, key = _find_key(site_id, key_id)
    revoked = replace(key, revoked=True)
    store.put_key(digest, revoked)
    return revoked


def rotate_api_key(site_id: str, key_id: str, value: str) -> str:
    """Store the hash of a key that has the name and the scopes of another, which goes on working; returns the new one's id.

    Raises
    ------
    NotFound
        The site has no key with this id, or several whose hashes begin so.
    Conflict
        The other key is revoked.
    """
    _, key = _find_key(site_id, key_id)
    if key.revoked:
        raise Conflict("A revoked key is not rotated; create a new one.")
    return put_api_key(site_id, key.name, value, key.scopes)


def _find_key(site_id: str, key_id: str) -> tuple[str, ApiKey]:
    found = [(digest, key) for digest, key in store.list_keys(site_id) if digest.startswith(key_id)]
    if len(found) != 1:
        raise NotFound(f"{len(found)} keys of this site have the id {key_id}.")
    return found[0]


def put_channel_account(account: ChannelAccount, credentials: Mapping[str, str]) -> None:
    """Create or replace a channel account and its credentials.

    Raises
    ------
    NotFound
        There is no such site.
    Conflict
        The account belongs to another site.
    """
    store.get_site(account.site_id)
    try:
        owner = store.site_of_account(account.id)
    except NotFound:
        owner = account.site_id
    if owner != account.site_id:
        raise Conflict("This channel account belongs to another site.")
    # The credentials first: an account that is found can be used.
    _put_secret(secrets.account_path(account.site_id, account.id), dict(credentials))
    store.put_account(account)


def read_credentials(carrier: Carrier, text: str) -> dict[str, str]:
    """Credentials as they are typed or piped in: a JSON object, or the one secret that the carrier needs.

    Raises
    ------
    ValueError
        It is none of them; the message does not repeat what was given.
    """
    wanted = CREDENTIALS[carrier]
    text = text.strip()
    if text and not text.startswith("{") and len(wanted) == 1:
        return {wanted[0]: text}
    try:
        given = json.loads(text)
    except ValueError:
        given = None
    if not isinstance(given, dict) or set(given) != set(wanted) or not all(isinstance(value, str) for value in given.values()):
        # Without the cause: a parser's error quotes its input.
        raise ValueError(f"The credentials of {carrier} are a JSON object of strings: {', '.join(wanted)}.") from None
    return given


def put_callback_secret(site_id: str, secret: str) -> None:
    """Let a site's callbacks be signed with one secret only.

    Raises
    ------
    NotFound
        There is no such site.
    ValueError
        It is no ``whsec_`` secret; the message does not repeat it.
    """
    store.get_site(site_id)
    _put_secret(secrets.callback_path(site_id), [_checked(secret)])


def rotate_callback_secret(site_id: str) -> str:
    """Sign a site's callbacks with a new secret and with the newest of the old ones; returns the new one.

    Raises
    ------
    NotFound
        There is no such site.
    """
    store.get_site(site_id)
    secret = CALLBACK_SECRET_PREFIX + base64.b64encode(random_secrets.token_bytes(CALLBACK_SECRET_BYTES)).decode()
    path = secrets.callback_path(site_id)
    _put_secret(path, [secret, *_secret(path, [])[:1]])
    return secret


def retire_callback_secret(site_id: str) -> None:
    """End a rotation: callbacks are signed with the newest secret only.

    Raises
    ------
    NotFound
        The site has no secret.
    """
    path = secrets.callback_path(site_id)
    kept = _secret(path, [])[:1]
    if not kept:
        raise NotFound("The site has no callback secret.")
    _put_secret(path, kept)


def _checked(secret: str) -> str:
    try:
        size = len(base64.b64decode(secret.removeprefix(CALLBACK_SECRET_PREFIX), validate=True))
    except ValueError:
        size = 0
    if not secret.startswith(CALLBACK_SECRET_PREFIX) or size not in CALLBACK_SECRET_SIZES:
        raise ValueError(f"A callback secret is {CALLBACK_SECRET_PREFIX} and the base64 of 24 to 64 bytes.")
    return secret


def _put_secret(path: str, value: Any) -> None:
    arn = settings().kms_key_arn
    key: Any = {"KeyId": arn} if arn else {}
    boto3.client("ssm").put_parameter(Name=path, Value=json.dumps(value), Type="SecureString", Overwrite=True, **key)


def _secret(path: str, default: Any) -> Any:
    ssm = boto3.client("ssm")
    try:
        return json.loads(ssm.get_parameter(Name=path, WithDecryption=True)["Parameter"]["Value"])
    except ssm.exceptions.ParameterNotFound:
        return default
