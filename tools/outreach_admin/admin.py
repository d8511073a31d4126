"""Stores sites, API keys, channel accounts and secrets. Needs the environment of a stack function and AWS credentials."""

from __future__ import annotations

import base64
import json
import re
import secrets as random_secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import boto3

from outreach.carriers import registry
from outreach.errors import Conflict, NotFound
from outreach.settings import settings
from outreach.sites import secrets, site_store
from outreach.sites.models import ApiKey, Carrier, ChannelAccount, Site

KEY_BYTES = 32
# Standard Webhooks 1.0.0, "Signature scheme".
CALLBACK_SECRET_SIZES = range(24, 65)
CALLBACK_SECRET_BYTES = 32
CALLBACK_SECRET_PREFIX = "whsec_"  # noqa: S105 - the public prefix of every secret
# What a header transports: a key in those of our clients, credentials in those to carriers.
_API_KEY = re.compile(r"[!-~]{1,256}")
_CREDENTIAL = re.compile(r"[!-~]{1,1000}")
_PUBLIC_KEY_BYTES = 32


def put_site(site: Site) -> None:
    """Create or replace a site."""
    site_store.put_site(site)


def put_api_key(site_id: str, name: str, value: str, scopes: frozenset[str] = frozenset()) -> str:
    """Store the hash of an API key.

    Returns:
        The key's id.

    Raises:
        NotFound: the site does not exist.
        Conflict: another site has this key, or it is revoked.
    """
    site_store.get_site(site_id)
    digest = site_store.hash_key(value)
    site_store.put_key(digest, ApiKey(site_id=site_id, name=name, scopes=scopes))
    return site_store.key_id(digest)


def new_api_key() -> str:
    """Generate an API key with 256 random bits."""
    return random_secrets.token_urlsafe(KEY_BYTES)


def read_api_key(text: str) -> str:
    """Return an API key that somebody else has generated.

    Raises:
        ValueError: clients cannot send it. The message never repeats it.
    """
    if not _API_KEY.fullmatch(text):
        raise ValueError("An API key must have at most 256 ASCII characters, without spaces and control characters.")
    return text


def revoke_api_key(site_id: str, key_id: str) -> ApiKey:
    """Revoke an API key. The authorizer's cache may accept it for another 30 seconds.

    Args:
        key_id: the id that `put_api_key` returned.

    Raises:
        NotFound: not exactly one key of the site has this id.
    """
    digest, key = _find_key(site_id, key_id)
    revoked = replace(key, revoked=True)
    site_store.put_key(digest, revoked)
    return revoked


def rotate_api_key(site_id: str, key_id: str, value: str) -> str:
    """Store a second key with the name and scopes of an existing one. The existing key stays valid.

    Returns:
        The id of the new key.

    Raises:
        NotFound: not exactly one key of the site has this id.
        Conflict: the existing key is revoked.
    """
    _, key = _find_key(site_id, key_id)
    if key.revoked:
        raise Conflict("This key is revoked and cannot be rotated. Create a new key.")
    return put_api_key(site_id, key.name, value, key.scopes)


def find_api_key(site_id: str, key_id: str) -> ApiKey:
    """Return the key with an id.

    Raises:
        NotFound: not exactly one key of the site has this id.
    """
    return _find_key(site_id, key_id)[1]


def _find_key(site_id: str, key_id: str) -> tuple[str, ApiKey]:
    matches = [(digest, key) for digest, key in site_store.list_keys(site_id) if site_store.key_id(digest) == key_id]
    if len(matches) != 1:
        raise NotFound(
            f"The site has {len(matches) or 'no'} keys with the id {key_id}. `outreach-admin key list {site_id}` shows all."
        )
    return matches[0]


def require_only_sender(account: ChannelAccount) -> None:
    """Check that no other account, of any site, sends from the same number: opt-outs, pace and replies would be divided.

    A number receives replies through one carrier alone, so an account at another counts, too: replies to what it has sent would
    neither belong to its campaigns nor opt out of its site. A name receives none, and may be that of one account at each carrier.

    Raises:
        Conflict: there is another one.
    """
    for site in site_store.list_sites():
        for other in site_store.list_accounts(site.id):
            is_shared = other.carrier is account.carrier or account.receives_replies
            if other.number == account.number and is_shared and other.id != account.id:
                raise Conflict(
                    f"Account {other.id} of site {site.id} already sends from {other.number}. Change it with"
                    f" `outreach-admin account put {site.id} --id {other.id}`, or add --allow-duplicate."
                )


def put_channel_account(account: ChannelAccount, credentials: Mapping[str, str] | None) -> None:
    """Create or replace a channel account.

    Args:
        account: the account.
        credentials: its credentials; ``None`` keeps those that it has.

    Raises:
        NotFound: the site does not exist.
        Conflict: the account belongs to another site.
    """
    site_store.get_site(account.site_id)
    try:
        owner = site_store.site_of_account(account.id)
    except NotFound:
        owner = account.site_id
    if owner != account.site_id:
        raise Conflict("This channel account belongs to another site.")
    # Credentials first: an account that can be read must be usable.
    if credentials is not None:
        _put_secret(secrets.account_path(account.site_id, account.id), dict(credentials))
    site_store.put_account(account)


def read_credentials(carrier: Carrier, text: str) -> dict[str, str]:
    """Parse credentials: a JSON object, or the bare secret where the carrier needs only one.

    Raises:
        ValueError: the text has neither form, or the carrier cannot have issued it. The message never repeats the text.
    """
    credentials = _parse_credentials(carrier, text.strip())
    if not all(map(_CREDENTIAL.fullmatch, credentials.values())):
        raise ValueError(f"The credentials of {carrier} must be ASCII characters without spaces and control characters.")
    for name in registry.entry(carrier).public_keys:
        if name in credentials and not _is_public_key(credentials[name]):
            raise ValueError(f"{name} must have 44 characters, of which the last is =. Copy it from the carrier's portal.")
    return credentials


def _is_public_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == _PUBLIC_KEY_BYTES
    except ValueError:
        return False


def _parse_credentials(carrier: Carrier, text: str) -> dict[str, str]:
    names, optional = registry.entry(carrier).secrets, registry.entry(carrier).optional_secrets
    if text and not text.startswith("{") and len(names) == 1:
        return {names[0]: text}
    try:
        credentials = json.loads(text)
    except ValueError:
        credentials = None
    if not _are_credentials(credentials, names, optional):
        expected = ", ".join([*names, *(f"{name} (optional)" for name in optional)])
        # No cause: a JSON error quotes its input.
        raise ValueError(f"The credentials of {carrier} must be a JSON object of strings: {expected}.") from None
    return dict(credentials)


def _are_credentials(value: Any, names: tuple[str, ...], optional: tuple[str, ...]) -> bool:
    return (
        isinstance(value, dict)
        and set(names) <= set(value) <= {*names, *optional}
        and all(isinstance(secret, str) for secret in value.values())
    )


def put_callback_secret(site_id: str, secret: str) -> None:
    """Sign a site's callbacks with this secret only.

    Raises:
        NotFound: the site does not exist.
        ValueError: the secret is not a valid ``whsec_`` secret. The message never repeats it.
    """
    site_store.get_site(site_id)
    _require_callback_secret(secret)
    _put_secret(secrets.callback_path(site_id), [secret])


def rotate_callback_secret(site_id: str) -> str:
    """Sign a site's callbacks with a new secret and with the newest existing one.

    Returns:
        The new secret.

    Raises:
        NotFound: the site does not exist.
    """
    site_store.get_site(site_id)
    secret = CALLBACK_SECRET_PREFIX + base64.b64encode(random_secrets.token_bytes(CALLBACK_SECRET_BYTES)).decode()
    path = secrets.callback_path(site_id)
    _put_secret(path, [secret, *_get_secret(path, [])[:1]])
    return secret


def retire_callback_secret(site_id: str) -> None:
    """Finish a rotation: sign callbacks with the newest secret only.

    Raises:
        NotFound: the site has no callback secret.
    """
    path = secrets.callback_path(site_id)
    newest = _get_secret(path, [])[:1]
    if not newest:
        raise NotFound("The site has no callback secret. Create one with `outreach-admin callback-secret rotate`.")
    _put_secret(path, newest)


def count_callback_secrets(site_id: str) -> int:
    """Return with how many secrets the callbacks of a site are signed."""
    return len(_get_secret(secrets.callback_path(site_id), []))


def _require_callback_secret(secret: str) -> None:
    try:
        size = len(base64.b64decode(secret.removeprefix(CALLBACK_SECRET_PREFIX), validate=True))
    except ValueError:
        size = 0
    if not secret.startswith(CALLBACK_SECRET_PREFIX) or size not in CALLBACK_SECRET_SIZES:
        raise ValueError(f"A callback secret must be {CALLBACK_SECRET_PREFIX} followed by the base64 of 24 to 64 bytes.")


def _put_secret(path: str, value: Any) -> None:
    arn = settings().kms_key_arn
    key: Any = {"KeyId": arn} if arn else {}
    boto3.client("ssm").put_parameter(Name=path, Value=json.dumps(value), Type="SecureString", Overwrite=True, **key)


def _get_secret(path: str, default: Any) -> Any:
    ssm = boto3.client("ssm")
    try:
        return json.loads(ssm.get_parameter(Name=path, WithDecryption=True)["Parameter"]["Value"])
    except ssm.exceptions.ParameterNotFound:
        return default
